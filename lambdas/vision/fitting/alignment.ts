/**
 * Finds out whether it helps to know what is normal in each place. Where all parts lie alike it does, a lot;
 * where they lie at any angle it harms. No labels are needed for that, and no defects: some are made up, as
 * changes to the features of a few neighbouring patches, and the way that tells them better from normal
 * pictures which it has not seen is the better one. How much of the features' variance places explain does
 * not tell: a part at any angle still lies on a background that is always the same.
 */
import * as ort from 'onnxruntime-node';
import { evaluate } from '../evaluation/figures.ts';
import { floats, openSession } from '../features/extract.ts';
import { appendMaps, appendNovelty } from '../heads/heads.ts';
import type { Novelty } from '../heads/novelty.ts';
import { appendDequantised, quantisation } from '../heads/patch-step.ts';
import { Graph } from '../onnx/graph.ts';
import type { Grid } from '../pictures/masks.ts';
import type { Random } from './random.ts';

/** Of each half so many pictures are looked at. */
const most = 12;

export interface Candidates {
  readonly bank: Novelty;
  readonly places: Novelty;
  /** Normal pictures that neither has learnt from, [patches, channels] each. */
  readonly held: readonly Uint8Array[];
}

/** @param halves what was learnt from each half of the normal pictures, to be tried on the other */
export async function areAligned(
  halves: readonly Candidates[],
  channels: number,
  grid: Grid,
  random: Random,
): Promise<boolean> {
  const areas = { bank: 0, places: 0 };
  for (const { bank, places, held } of halves) {
    const normals = held.slice(0, most);
    const defects = kinds.map((kind) =>
      normals.map((features, at) =>
        madeUp(kind, features, normals[(at + 1) % normals.length] ?? features, channels, grid, random),
      ),
    );
    for (const [name, head] of Object.entries({ bank, places })) {
      const scores = await noveltyScores(head, [...normals, ...defects.flat()], channels, grid);
      const usual = scores.slice(0, normals.length);
      defects.forEach((of, kind) => {
        const changed = scores.slice((kind + 1) * of.length, (kind + 2) * of.length);
        areas[name as keyof typeof areas] +=
          evaluate([...usual, ...changed], [...usual.map(() => false), ...changed.map(() => true)]).rocAuc /
          (kinds.length * halves.length);
      });
    }
  }
  // Not by a hair: places are trusted where they err at most half as often.
  return 1 - areas.places < (1 - areas.bank) / 2;
}

/** Part of what is elsewhere shines through, or all patches change by one random vector. */
const kinds = [
  { blend: 0.5, noise: 0 },
  { blend: 0, noise: 0.35 },
  { blend: 0, noise: 0.6 },
] as const;

/** A picture with a defect of about 1 % of its patches, somewhere but at its edge. */
function madeUp(
  { blend, noise }: (typeof kinds)[number],
  features: Uint8Array,
  other: Uint8Array,
  channels: number,
  { rows, columns }: Grid,
  random: Random,
): Uint8Array {
  const changed = Uint8Array.from(features);
  // The features are averaged over 3 x 3: a patch more on either side, so that the middle is all defect.
  const side = Math.min(rows, columns, Math.max(2, Math.round(Math.sqrt((rows * columns) / 100))) + 2);
  const [top, left] = [random.below(rows - side + 1), random.below(columns - side + 1)];
  const [otherTop, otherLeft] = [random.below(rows - side + 1), random.below(columns - side + 1)];
  const shift = Float32Array.from({ length: channels }, () => noise * random.normal() * quantisation.levels);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const at = ((top + y) * columns + left + x) * channels;
      const from = ((otherTop + y) * columns + otherLeft + x) * channels;
      for (let channel = 0; channel < channels; channel++) {
        const value =
          (1 - blend) * (features[at + channel] ?? 0) +
          blend * (other[from + channel] ?? 0) +
          (shift[channel] ?? 0);
        changed[at + channel] = Math.min(255, Math.max(0, Math.round(value)));
      }
    }
  }
  return changed;
}

async function noveltyScores(
  head: Novelty,
  pictures: readonly Uint8Array[],
  channels: number,
  grid: Grid,
): Promise<number[]> {
  const graph = new Graph('novelty');
  const patches = grid.rows * grid.columns;
  const rows = appendDequantised(graph, graph.input('features', 'uint8', [patches, channels]));
  const score = appendNovelty(graph, appendMaps(graph, rows, channels, grid), head, channels, grid);
  graph.output(score, 'float32', [1]);
  const session = await openSession(graph.encode());
  try {
    const scores: number[] = [];
    for (const features of pictures) {
      const result = await session.run({ features: new ort.Tensor('uint8', features, [patches, channels]) });
      scores.push(floats(result[score])[0] ?? 0);
    }
    return scores;
  } finally {
    await session.release();
  }
}
