import sharp from 'sharp';
import type { Verdict } from '../../domain/verdict.ts';
import type { AnomalyClass } from './artifact.ts';

/**
 * The map that a graph gives: one channel of height * width values from 0 to 1 per class, channel by channel.
 */
export interface AnomalyMap {
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * What a score means. The confidence belongs to the classification stated: it is 0.5 at the threshold, where
 * nothing is known, 1 at the end of the scale, and straight between.
 * @param score 0 to 1
 * @param threshold above 0 and below 1; a score at the threshold is anomalous
 */
export function classify(score: number, threshold: number): Pick<Verdict, 'isAnomalous' | 'confidence'> {
  const isAnomalous = score >= threshold;
  const anomalous = isAnomalous
    ? 0.5 + (0.5 * (score - threshold)) / (1 - threshold)
    : (0.5 * score) / threshold;
  return { isAnomalous, confidence: Math.max(anomalous, 1 - anomalous) };
}

/**
 * What a map means for a picture of `size`: each pixel belongs to the class of the greatest value there if
 * that reaches `threshold`, else to the background.
 */
export async function segment(
  map: AnomalyMap,
  classes: readonly AnomalyClass[],
  threshold: number,
  size: Size,
): Promise<Required<Pick<Verdict, 'anomalies' | 'mask'>>> {
  // Most pictures show nothing, and interpolating never exceeds what it lies between.
  if (!map.values.some((value) => value >= threshold)) {
    return { anomalies: [{ name: 'background', area: 1, color: '#FFFFFF' }], mask: await blankMask(size) };
  }
  const labels = labelPixels(map, classes.length, threshold, size);
  const counts = new Uint32Array(classes.length + 1);
  for (let at = 0; at < labels.length; at++) counts[labels[at] ?? 0] = (counts[labels[at] ?? 0] ?? 0) + 1;

  const found = classes
    .map(({ name, color }, index) => ({ name, color, area: (counts[index + 1] ?? 0) / labels.length }))
    .filter(({ area }) => area > 0);
  const background = 1 - found.reduce((sum, { area }) => sum + area, 0);
  return {
    anomalies: [{ name: 'background', area: Math.max(background, 0), color: '#FFFFFF' }, ...found],
    mask: await encode(paint(labels, classes), size),
  };
}

/** @returns per pixel 0 for the background, else the class's number from 1 on */
function labelPixels(map: AnomalyMap, classes: number, threshold: number, size: Size): Uint8Array {
  const labels = new Uint8Array(size.width * size.height);
  const greatest = new Float32Array(labels.length).fill(threshold);
  const columns = sampling(map.width, size.width);
  const rows = sampling(map.height, size.height);
  for (let index = 0; index < classes; index++) {
    const channel = map.values.subarray(index * map.width * map.height, (index + 1) * map.width * map.height);
    for (let y = 0; y < size.height; y++) {
      const upper = channel.subarray((rows.first[y] ?? 0) * map.width).subarray(0, map.width);
      const lower = channel.subarray((rows.second[y] ?? 0) * map.width).subarray(0, map.width);
      const blended = blend(upper, lower, rows.weight[y] ?? 0);
      if (!blended.some((value) => value >= threshold)) continue;
      for (let x = 0; x < size.width; x++) {
        const left = blended[columns.first[x] ?? 0] ?? 0;
        const value = left + ((blended[columns.second[x] ?? 0] ?? 0) - left) * (columns.weight[x] ?? 0);
        const at = y * size.width + x;
        if (value >= (greatest[at] ?? 1)) {
          greatest[at] = value;
          labels[at] = index + 1;
        }
      }
    }
  }
  return labels;
}

const blend = (from: Float32Array, to: Float32Array, weight: number): Float32Array =>
  weight === 0 ? from : from.map((value, index) => value + ((to[index] ?? value) - value) * weight);

/**
 * Where along an axis of `from` samples each of `to` pixels lies: between the samples `first` and `second`,
 * `weight` of the way.
 */
function sampling(from: number, to: number): { first: Int32Array; second: Int32Array; weight: Float32Array } {
  const first = new Int32Array(to);
  const second = new Int32Array(to);
  const weight = new Float32Array(to);
  for (let pixel = 0; pixel < to; pixel++) {
    const position = Math.min(Math.max(((pixel + 0.5) * from) / to - 0.5, 0), from - 1);
    first[pixel] = Math.floor(position);
    second[pixel] = Math.min(Math.floor(position) + 1, from - 1);
    weight[pixel] = position - Math.floor(position);
  }
  return { first, second, weight };
}

function paint(labels: Uint8Array, classes: readonly AnomalyClass[]): Uint8Array {
  const colours = Buffer.from(`ffffff${classes.map(({ color }) => color.slice(1)).join('')}`, 'hex');
  const rgb = new Uint8Array(labels.length * 3).fill(255);
  for (let at = 0; at < labels.length; at++) {
    const label = labels[at] ?? 0;
    if (label === 0) continue;
    for (let channel = 0; channel < 3; channel++) rgb[at * 3 + channel] = colours[label * 3 + channel] ?? 0;
  }
  return rgb;
}

/**
 * 8-bit truecolour without alpha, because clients blend the mask with an RGB picture, which demands equal
 * modes.
 */
const encode = (rgb: Uint8Array, { width, height }: Size): Promise<Uint8Array> =>
  sharp(rgb, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 3, palette: false })
    .toBuffer();

const blanks = new Map<string, Promise<Uint8Array>>();

/** The one mask that nearly every picture gets: all pictures of a model have one size. */
function blankMask(size: Size): Promise<Uint8Array> {
  const key = `${size.width}x${size.height}`;
  const mask = blanks.get(key) ?? encode(new Uint8Array(size.width * size.height * 3).fill(255), size);
  blanks.set(key, mask);
  return mask;
}
