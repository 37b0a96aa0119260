export interface PictureLimits {
  /** Of the encoded picture. */
  readonly bytes: number;
  /** Of each side, in pixels, both included. */
  readonly minSide: number;
  readonly maxSide: number;
}

/** The original service's limits. */
export const pictureLimits: PictureLimits = { bytes: 8 * 1024 * 1024, minSide: 64, maxSide: 4096 };
