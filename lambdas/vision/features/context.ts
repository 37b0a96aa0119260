/**
 * What lies around a patch. The patch head sees, beside what its first layer makes of a patch, the mean of
 * that over ever larger squares around it: where a defect ends, and whether something is a defect at all, is
 * told better by a neighbourhood than by one patch.
 */
import type { Grid } from '../pictures/masks.ts';
import { float32, int64, type Graph } from '../onnx/graph.ts';

/**
 * Each square has three times the side of the one before, beginning with one patch; so a mean is that of nine
 * means of the square before.
 */
const dilations = [1, 3, 9] as const;

/** How many values stand for each value of the first layer: its own, and one for each square. */
export const reach = 1 + dilations.length;

/** Patches as maps, [pictures, width, rows, columns]. */
export interface Maps {
  readonly pictures: number;
  readonly grid: Grid;
  readonly width: number;
}

/**
 * The mean of nine cells that lie `dilation` apart. Outside the picture there is nothing, which counts as
 * zero: that makes taking means its own transpose, and so its own gradient.
 */
function appendMean(graph: Graph, maps: string, width: number, dilation: number): string {
  const kernel = graph.constant(
    `${maps}.mean`,
    float32([width, 1, 3, 3], new Float32Array(width * 9).fill(1 / 9)),
  );
  return graph.node('Conv', [maps, kernel], {
    kernel_shape: [3, 3],
    group: width,
    dilations: [dilation, dilation],
    pads: new Array<number>(4).fill(dilation),
  });
}

/** @param maps [n, width, rows, columns] @returns the means over each of the squares, of the same shape */
export function appendMeans(graph: Graph, maps: string, width: number): string[] {
  const means: string[] = [];
  for (const dilation of dilations) means.push(appendMean(graph, means.at(-1) ?? maps, width, dilation));
  return means;
}

/** @param rows [pictures * patches, width] @returns [pictures * patches, width * reach] */
export function appendContext(graph: Graph, rows: string, shape: Maps): string {
  const means = appendMeans(graph, asMaps(graph, rows, shape), shape.width);
  return graph.node('Concat', [rows, ...means.map((mean) => asRows(graph, mean, shape))], { axis: 1 });
}

/**
 * The gradient of appendContext. @param gradient [pictures * patches, width * reach] @returns [pictures
 * * patches, width]
 */
export function appendContextBack(graph: Graph, gradient: string, shape: Maps): string {
  const widths = new Array<number>(reach).fill(shape.width);
  const [own = '', ...ofSquares] = graph.nodes(
    'Split',
    [gradient, graph.constant(`${gradient}.widths`, int64(widths))],
    widths.map((_, index) => `${gradient}.${index}`),
    { axis: 1 },
  );
  // From the largest square inwards: each mean's gradient goes to the mean that it was taken of.
  let inner = '';
  for (let index = dilations.length - 1; index >= 0; index--) {
    const part = asMaps(graph, ofSquares[index] ?? '', shape);
    inner = appendMean(
      graph,
      inner === '' ? part : graph.node('Add', [part, inner]),
      shape.width,
      dilations[index] ?? 1,
    );
  }
  return graph.node('Add', [own, asRows(graph, inner, shape)]);
}

const asMaps = (graph: Graph, rows: string, { pictures, grid, width }: Maps): string =>
  graph.node(
    'Transpose',
    [
      graph.node('Reshape', [
        rows,
        graph.constant(`${rows}.grid`, int64([pictures, grid.rows, grid.columns, width])),
      ]),
    ],
    { perm: [0, 3, 1, 2] },
  );

const asRows = (graph: Graph, maps: string, { width }: Maps): string =>
  graph.node('Reshape', [
    graph.node('Transpose', [maps], { perm: [0, 2, 3, 1] }),
    graph.constant(`${maps}.rows`, int64([-1, width])),
  ]);
