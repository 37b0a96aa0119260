import type { Heads } from '../fitting/crossvalidate.ts';
import { appendImage, type FeatureMap } from '../features/features.ts';
import {
  appendMap,
  appendNormalised,
  appendNovelty,
  appendPatchHead,
  appendPooled,
  appendPooledHead,
  appendStack,
  type Normalisation,
} from '../heads/heads.ts';
import { Graph } from './graph.ts';
import { gridOf, type Size } from '../pictures/training-pictures.ts';
import type { Stack } from '../heads/stack.ts';

export interface ModelParts {
  readonly features: FeatureMap;
  readonly normalisation: Normalisation;
  readonly heads: Heads;
  readonly stack: Stack;
  readonly size: Size;
  /** How many of its greatest patches speak for a picture. */
  readonly top: number;
  /** Present for segmentation: for each class of the map the logit that becomes 0.5. */
  readonly boundaries?: readonly number[];
}

/** The names of the model's outputs. */
export const outputs = { score: 'anomaly_score', map: 'anomaly_map', heads: 'head_scores' } as const;

/**
 * The whole model as one ONNX file: `image` uint8 [1, height, width, 3] in; out come `anomaly_score` [1],
 * where 0.5 is the decision boundary, `head_scores`, what each head contributed, and for segmentation
 * `anomaly_map` [1, classes, height / 8, width / 8].
 */
export function writeModel(
  { features, normalisation, heads, stack, size, top, boundaries }: ModelParts,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const graph = new Graph('model');
  const grid = gridOf(size);
  const normalised = appendNormalised(
    graph,
    features,
    appendImage(graph, size.width, size.height),
    normalisation,
  );
  const scores = [appendNovelty(graph, normalised, heads.novelty, features.channels, grid)];
  if (heads.pooled !== undefined)
    scores.push(
      appendPooledHead(graph, appendPooled(graph, normalised, features.channels, grid), heads.pooled),
    );
  const patch =
    heads.patch === undefined ? undefined : appendPatchHead(graph, normalised, heads.patch, top, grid);
  if (patch !== undefined && heads.pooled !== undefined) scores.push(patch.score);
  const all = graph.node('Concat', scores, { axis: 0 }, outputs.heads);
  const score = appendStack(graph, all, stack);
  graph.node('Identity', [score], {}, outputs.score);
  graph.output(outputs.score, 'float32', [1]);
  graph.output(outputs.heads, 'float32', [scores.length]);
  if (patch !== undefined && boundaries !== undefined) {
    graph.node('Identity', [appendMap(graph, patch.logits, score, boundaries, grid)], {}, outputs.map);
    graph.output(outputs.map, 'float32', [1, boundaries.length, grid.rows, grid.columns]);
  }
  return graph.encode(metadata);
}
