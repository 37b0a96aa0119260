import sharp from 'sharp';
import type { AnomalyClass } from '../inference/artifact.ts';
import { decode, resizeTo, type Picture } from './decode.ts';
import { PictureRefused } from '../../domain/verdict.ts';
import { checkStopped, MixedSizes, PictureUnreadable } from '../fitting/failures.ts';
import { patchSize } from '../features/features.ts';
import { clean, readMask, type Grid, type MaskColour, type PatchLabels } from './masks.ts';

export interface LabelledPicture {
  /**
   * Names the picture in messages and results; neighbours in the order of ids are taken for shots of one
   * object.
   */
  readonly id: string;
  /** Where its line is, as in "line 7 of the train dataset", for messages. */
  readonly place?: string;
  load(): Promise<Uint8Array>;
  readonly label: 'normal' | 'anomaly';
  /** Where the anomalies are. Ignored on normal pictures. */
  readonly mask?: { load(): Promise<Uint8Array>; readonly colours: readonly MaskColour[] };
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A picture as the learning part sees it. */
export interface PreparedPicture {
  readonly id: string;
  readonly isAnomaly: boolean;
  /** At the model's size, 8-bit RGB, interleaved. */
  readonly rgb: Uint8Array;
  /** Known for normal pictures and for anomalies with a mask that shows something. */
  readonly patches?: PatchLabels;
}

/**
 * The size at which pictures are looked at: long side 384, or 768 for large photographs, whose defects tend
 * to be small. Small pictures are blown up, at most to twice their size. Both sides are multiples of 32, as
 * the features need.
 */
export function modelSize({ width, height }: Size): Size {
  const long = Math.max(width, height);
  const target = long > 1500 ? 768 : Math.min(384, long * 2);
  const side = (length: number): number => Math.max(64, Math.round((length * target) / long / 32) * 32);
  return { width: side(width), height: side(height) };
}

export const gridOf = ({ width, height }: Size): Grid => ({
  columns: width / patchSize,
  rows: height / patchSize,
});

export interface Preparation {
  /** Of the first picture; every other must have the same. Undefined before there is one. */
  size: Size | undefined;
  readonly classes: readonly AnomalyClass[];
  readonly signal?: AbortSignal | undefined;
}

/**
 * Loads, decodes and resizes a picture and puts its mask onto the grid of patches.
 * @throws MixedSizes, PictureUnreadable or MaskUnusable, naming the picture
 */
export async function prepare(picture: LabelledPicture, preparation: Preparation): Promise<PreparedPicture> {
  checkStopped(preparation.signal);
  const decoded = await decode(await picture.load(), undefined).catch((error: unknown) => {
    if (error instanceof PictureRefused) throw PictureUnreadable.of(picture.id, error.message, error);
    throw error;
  });
  preparation.size ??= { width: decoded.width, height: decoded.height };
  if (decoded.width !== preparation.size.width || decoded.height !== preparation.size.height)
    throw new MixedSizes();
  const size = modelSize(preparation.size);
  const { rgb } = await resizeTo(decoded, size.width, size.height);
  const isAnomaly = picture.label === 'anomaly';
  const patches = await patchLabels(picture, preparation.classes, gridOf(size), decoded);
  return { id: picture.id, isAnomaly, rgb: Uint8Array.from(rgb), ...(patches !== undefined && { patches }) };
}

async function patchLabels(
  { id, label, mask }: LabelledPicture,
  classes: readonly AnomalyClass[],
  grid: Grid,
  on: Picture,
): Promise<PatchLabels | undefined> {
  if (label === 'normal') return clean(grid.columns * grid.rows);
  if (mask === undefined) return undefined;
  const labels = await readMask(id, await mask.load(), mask.colours, classes, grid, on);
  // A mask that shows nothing of an anomaly does not say where it is.
  return labels.kinds.some((number) => number > 0) ? labels : undefined;
}

/** The picture in a mirror: `across` swaps left and right, `down` top and bottom. */
export function mirrorPicture(
  rgb: Uint8Array,
  { width, height }: Size,
  across: boolean,
  down: boolean,
): Uint8Array {
  if (!across && !down) return rgb;
  const mirror = new Uint8Array(rgb.length);
  for (let y = 0; y < height; y++) {
    const from = (down ? height - 1 - y : y) * width;
    if (!across) {
      mirror.set(rgb.subarray(from * 3, (from + width) * 3), y * width * 3);
      continue;
    }
    for (let x = 0; x < width; x++) {
      const source = (from + width - 1 - x) * 3;
      const target = (y * width + x) * 3;
      mirror[target] = rgb[source] ?? 0;
      mirror[target + 1] = rgb[source + 1] ?? 0;
      mirror[target + 2] = rgb[source + 2] ?? 0;
    }
  }
  return mirror;
}

/**
 * Reads only the header, of a picture that the learning part can do without but that must be fit all the
 * same.
 * @throws MixedSizes or PictureUnreadable
 */
export async function checkSize(picture: LabelledPicture, { width, height }: Size): Promise<void> {
  const header = await sharp(await picture.load(), { limitInputPixels: false })
    .metadata()
    .catch((error: unknown) => {
      throw PictureUnreadable.of(
        picture.id,
        'The picture cannot be decoded: it is damaged or incomplete.',
        error,
      );
    });
  if (header.width !== width || header.height !== height) throw new MixedSizes();
}
