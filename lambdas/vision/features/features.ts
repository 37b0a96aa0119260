import type { Graph } from '../onnx/graph.ts';

/** One feature vector describes a square of this many pixels. */
export const patchSize = 8;

/**
 * What turns a picture into feature vectors, one per patch. It is written into graphs, so that training and
 * hosting compute the very same thing: there is no second implementation that could drift.
 */
export interface FeatureMap {
  readonly kind: 'backbone' | 'dictionary';
  /** Length of a feature vector. */
  readonly channels: number;
  /**
   * Adds its nodes to `graph`.
   * @param image a float node [n, 3, height, width] of values 0 to 255; height and width are multiples of 32
   * @returns the node of the features, [n, channels, height / 8, width / 8]
   */
  append(graph: Graph, image: string): string;
}

/**
 * Adds the input `image`, uint8 [1, height, width, 3] as decoders give it, and returns it as floats [1, 3,
 * height, width].
 */
export function appendImage(graph: Graph, width: number, height: number): string {
  const input = graph.input('image', 'uint8', [1, height, width, 3]);
  return graph.node('Transpose', [graph.node('Cast', [input], { to: 1 })], { perm: [0, 3, 1, 2] });
}
