/**
 * A verdict in the engine's terms: areas are fractions of the picture, `mask` is a PNG of the picture's size,
 * 8-bit RGB.
 */
export interface Verdict {
  readonly isAnomalous: boolean;
  /** 0 to 1, of the classification stated. */
  readonly confidence: number;
  /** Present for a segmentation model; the background is the first entry and all areas sum to 1. */
  readonly anomalies?: readonly { readonly name: string; readonly area: number; readonly color: string }[];
  readonly mask?: Uint8Array;
}

export type PictureType = 'image/png' | 'image/jpeg';

/** The picture cannot be judged; the message names the rule that it breaks. */
export class PictureRefused extends Error {
  override readonly name: string = 'PictureRefused';
}
