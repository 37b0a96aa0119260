import type { PictureType, Verdict } from '../../domain/verdict.ts';
import type { PictureLimits } from '../../vision/pictures/limits.ts';

/**
 * What the host and an inference unit's process say to each other. Pictures travel as they came, compressed:
 * the unit decodes them.
 */

export interface UnitOptions {
  /** A folder with the files of an artifact, which nobody changes while units run on it. */
  readonly folder: string;
  readonly limits: PictureLimits;
  /**
   * Threads within one picture's inference. One is right where several units shall scale on several cores.
   */
  readonly threads: number;
  /** Looks into the files before the runtime does: they come from outside. */
  readonly check?: boolean;
}

export interface UnitRequest {
  readonly id: number;
  readonly picture: Uint8Array;
  readonly type: PictureType;
}

/** `rss`: the resident memory of the unit's process, in bytes. */
export type UnitMessage =
  | { readonly kind: 'ready'; readonly rss: number }
  /** The artifact is not what it says; no unit will ever serve it. */
  | { readonly kind: 'unfit'; readonly problems: readonly string[] }
  | { readonly kind: 'verdict'; readonly id: number; readonly verdict: Verdict; readonly rss: number }
  | { readonly kind: 'refused'; readonly id: number; readonly rule: string; readonly rss: number }
  | { readonly kind: 'failed'; readonly id: number; readonly reason: string; readonly rss: number };

/** First words of the command line of every unit, by which a host recognises the units of one that died. */
export const unitTitle = 'crowsnest-inference-unit';
