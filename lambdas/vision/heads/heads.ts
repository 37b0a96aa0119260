/**
 * The heads as parts of graphs. The same functions write the graphs that score pictures in cross-validation
 * and the graph that is hosted, so what was evaluated is what answers later. Rows are patches: [rows *
 * columns of the grid, channels].
 */
import type { FeatureMap } from '../features/features.ts';
import { float32, int64, type Graph } from '../onnx/graph.ts';
import type { Grid } from '../pictures/masks.ts';
import { scaleBytes, type Bank, type Novelty, type Places } from './novelty.ts';
import { quantisation } from './patch-step.ts';
import type { PooledHead } from '../features/pooled.ts';
import type { Stack } from './stack.ts';
import { appendMeans } from '../features/context.ts';

/** Brings every channel to mean 0 and deviation 1. A scale of 0 silences a channel that never changes. */
export interface Normalisation {
  readonly mean: Float32Array;
  readonly scale: Float32Array;
}

/** Weights by name, as patchWeights lists them. */
export type PatchHead = Readonly<
  Record<string, { readonly shape: readonly number[]; readonly data: Float32Array }>
>;

/**
 * How many of its greatest patches speak for a picture: enough to be no accident, and no more than a usual
 * defect has, where masks tell; asked to raise more patches than that, the patch head would learn to paint
 * beyond the defect.
 * @param defects how many patches each defect has that a mask shows
 */
export function topPatches({ rows, columns }: Grid, defects: readonly number[]): number {
  const most = Math.min(16, Math.max(1, Math.round((rows * columns) / 100)));
  const usual = [...defects].sort((a, b) => a - b)[Math.floor(defects.length / 2)] ?? most;
  return Math.min(most, Math.max(1, usual));
}

/** @returns the normalised features [1, channels, rows, columns], limited to what bytes can carry */
export function appendNormalised(
  graph: Graph,
  features: FeatureMap,
  image: string,
  { mean, scale }: Normalisation,
): string {
  const shape = [1, features.channels, 1, 1];
  const centred = graph.node('Sub', [
    features.append(graph, image),
    graph.constant('mean', { type: 'float32', shape, data: mean }),
  ]);
  const normal = graph.node('Mul', [
    centred,
    graph.constant('scale', { type: 'float32', shape, data: scale }),
  ]);
  const { zero, levels } = quantisation;
  return graph.node('Clip', [
    normal,
    graph.constant('lowest', float32([], [-zero / levels])),
    graph.constant('highest', float32([], [(255 - zero) / levels])),
  ]);
}

export function appendRows(graph: Graph, normalised: string, channels: number): string {
  return graph.node('Reshape', [
    graph.node('Transpose', [normalised], { perm: [0, 2, 3, 1] }),
    graph.constant('rowShape', int64([-1, channels])),
  ]);
}

/** The way back: rows as maps [1, channels, rows, columns]. */
export function appendMaps(graph: Graph, rows: string, channels: number, grid: Grid): string {
  const lines = graph.node('Reshape', [
    rows,
    graph.constant('gridShape', int64([1, grid.rows, grid.columns, channels])),
  ]);
  return graph.node('Transpose', [lines], { perm: [0, 3, 1, 2] });
}

/**
 * Statistics of every channel over the picture: mean, deviation, and how far the greatest and the least stand
 * out. [4 * channels]
 */
export function appendPooled(graph: Graph, normalised: string, channels: number, grid: Grid): string {
  const patches = grid.rows * grid.columns;
  const lines = graph.node('Reshape', [normalised, graph.constant('lineShape', int64([channels, patches]))]);
  const mean = graph.node('ReduceMean', [lines], { axes: [1], keepdims: 0 });
  const squares = graph.node('Div', [
    graph.node('ReduceSumSquare', [lines], { axes: [1], keepdims: 0 }),
    graph.constant('patches', float32([], [patches])),
  ]);
  const variance = graph.node('Sub', [squares, graph.node('Mul', [mean, mean])]);
  const deviation = graph.node('Sqrt', [
    graph.node('Max', [variance, graph.constant('leastVariance', float32([], [1e-6]))]),
  ]);
  // The logarithm of the mean of exponentials follows the greatest values smoothly, and costs a tenth of
  // sorting them out.
  const extremes = [1, -1].map((sign) => {
    const steep = graph.node('Exp', [
      graph.node('Mul', [lines, graph.constant(`steepness.${sign}`, float32([], [2 * sign]))]),
    ]);
    return graph.node('Log', [graph.node('ReduceMean', [steep], { axes: [1], keepdims: 0 })]);
  });
  return graph.node('Concat', [mean, deviation, ...extremes], { axis: 0 });
}

/**
 * How far the picture is from normal: the mean of the greatest 1 % of its patches' distances. One patch that
 * stands out is chance, as the greatest of thousands always is. [1]
 * @param maps the normalised features [1, channels, rows, columns]
 */
export function appendNovelty(
  graph: Graph,
  maps: string,
  head: Novelty,
  channels: number,
  grid: Grid,
): string {
  const patches = grid.rows * grid.columns;
  const averaged = graph.node('AveragePool', [maps], {
    kernel_shape: [3, 3],
    pads: [1, 1, 1, 1],
    count_include_pad: 0,
  });
  const squared =
    head.kind === 'bank'
      ? appendBank(graph, averaged, head, channels)
      : appendPlaces(graph, averaged, head, channels, grid);
  const distance = graph.node('Sqrt', [
    graph.node('Max', [squared, graph.constant('noDistance', float32([], [0]))]),
  ]);
  const line = graph.node('Reshape', [distance, graph.constant('distanceShape', int64([patches]))]);
  const [greatest] = graph.nodes(
    'TopK',
    [line, graph.constant('farthest', int64([Math.max(1, Math.round(patches / 100))]))],
    ['farthestDistances', 'farthestPatches'],
  );
  return graph.node('ReduceMean', [greatest], { keepdims: 1 });
}

/** The squared distance of each patch from the nearest in the bank. */
function appendBank(graph: Graph, averaged: string, bank: Bank, channels: number): string {
  const scaled = graph.node('Mul', [
    averaged,
    graph.constant('bankScale', { type: 'float32', shape: [1, channels, 1, 1], data: bank.scale }),
  ]);
  const squares = new Float32Array(bank.size);
  bank.patches.forEach((value, at) => {
    const row = Math.floor(at / channels);
    squares[row] = (squares[row] ?? 0) + value * value;
  });
  const shape = [bank.size, channels, 1, 1];
  const relative = graph.node(
    'Conv',
    [
      scaled,
      graph.constant('bank', { type: 'float32', shape, data: bank.patches.map((value) => -2 * value) }),
      graph.constant('bankSquares', { type: 'float32', shape: [bank.size], data: squares }),
    ],
    { kernel_shape: [1, 1] },
  );
  return graph.node('Add', [
    graph.node('ReduceMin', [relative], { axes: [1], keepdims: 1 }),
    graph.node('ReduceSumSquare', [scaled], { axes: [1], keepdims: 1 }),
  ]);
}

/** The squared distance of each patch from what is normal in its place, in deviations. */
function appendPlaces(graph: Graph, averaged: string, places: Places, channels: number, grid: Grid): string {
  const read = (name: 'mean' | 'scale', zero: number, steps: number): string =>
    graph.node('Mul', [
      graph.node('Sub', [
        graph.node(
          'Cast',
          [
            graph.constant(`places.${name}`, {
              type: 'uint8',
              shape: [1, channels, grid.rows, grid.columns],
              data: places[name],
            }),
          ],
          { to: 1 },
        ),
        graph.constant(`places.${name}.zero`, float32([], [zero])),
      ]),
      graph.constant(`places.${name}.step`, float32([], [1 / steps])),
    ]);
  const mean = read('mean', quantisation.zero, quantisation.levels);
  const scale = graph.node('Exp', [read('scale', scaleBytes.zero, scaleBytes.steps)]);
  const deviations = graph.node('Mul', [graph.node('Sub', [averaged, mean]), scale]);
  return graph.node('Div', [
    graph.node('ReduceSumSquare', [deviations], { axes: [1], keepdims: 1 }),
    graph.constant('channels', float32([], [channels])),
  ]);
}

/** The pooled head's logit. [1] */
export function appendPooledHead(graph: Graph, pooled: string, { weights, bias }: PooledHead): string {
  const sum = graph.node(
    'ReduceSum',
    [
      graph.node('Mul', [
        pooled,
        graph.constant('pooledWeights', { type: 'float32', shape: [weights.length], data: weights }),
      ]),
      graph.constant('pooledAxes', int64([0])),
    ],
    { keepdims: 1 },
  );
  return graph.node('Add', [sum, graph.constant('pooledBias', float32([1], [bias]))]);
}

/**
 * The patch head, as the mean of its members: `logits` [1, classes, rows, columns] against the background,
 * and `score` [1], the mean of the greatest of any class. Members are heads of one shape that have learnt
 * from different parts of the pictures; they are laid side by side, as groups of a convolution. Each takes
 * its own greatest: those of the mean would be less, and the stack knows the scores of single heads.
 * @param maps [1, channels, rows, columns]
 */
export function appendPatchHead(
  graph: Graph,
  maps: string,
  members: readonly PatchHead[],
  top: number,
  grid: Grid,
): { readonly logits: string; readonly score: string } {
  const group = members.length;
  const hidden = members[0]?.['b1']?.data.length ?? 0;
  const classes = members[0]?.['b3']?.data.length ?? 0;
  const layer = (
    input: string,
    name: string,
    weights: Float32Array,
    shape: readonly number[],
    bias?: Float32Array,
  ): string =>
    graph.node(
      'Conv',
      [
        input,
        graph.constant(name, { type: 'float32', shape: [...shape, 1, 1], data: weights }),
        ...(bias === undefined
          ? []
          : [graph.constant(`${name}.bias`, { type: 'float32', shape: [bias.length], data: bias })]),
      ],
      { kernel_shape: [1, 1], group: name === 'w1' ? 1 : group },
    );
  const all = (name: string): Float32Array[] =>
    members.map((member) => member[name]?.data ?? new Float32Array());
  const channels = (all('w1')[0]?.length ?? 0) / hidden;

  const w1 = joined(all('w1').map((weights) => turned(weights, hidden)));
  const first = graph.node('Relu', [layer(maps, 'w1', w1, [group * hidden, channels], joined(all('b1')))]);
  const second = [first, ...appendMeans(graph, first, group * hidden)]
    .map((input, index) =>
      layer(
        input,
        `w2.${index}`,
        joined(
          all('w2').map((weights) =>
            turned(weights.subarray(index * hidden * hidden, (index + 1) * hidden * hidden), hidden),
          ),
        ),
        [group * hidden, hidden],
        index === 0 ? joined(all('b2')) : undefined,
      ),
    )
    .reduce((sum, part) => graph.node('Add', [sum, part]));
  const w3 = joined(all('w3').map((weights) => turned(weights, classes)));
  const each = layer(graph.node('Relu', [second]), 'w3', w3, [group * classes, hidden], joined(all('b3')));
  const parted = graph.node('Reshape', [
    each,
    graph.constant('membersShape', int64([group, classes, grid.rows, grid.columns])),
  ]);
  const logits = graph.node('ReduceMean', [parted], { axes: [0], keepdims: 1 });
  const any = graph.node('Reshape', [
    graph.node('ReduceLogSumExp', [parted], { axes: [1], keepdims: 0 }),
    graph.constant('anyShape', int64([group, -1])),
  ]);
  const [greatest] = graph.nodes(
    'TopK',
    [any, graph.constant('top', int64([top]))],
    ['greatest', 'greatest.at'],
    { axis: 1 },
  );
  const score = graph.node('Reshape', [
    graph.node('ReduceMean', [greatest], { keepdims: 0 }),
    graph.constant('patchScoreShape', int64([1])),
  ]);
  return { logits, score };
}

const joined = (parts: readonly Float32Array[]): Float32Array =>
  Float32Array.from(parts.flatMap((part) => Array.from(part)));

/** A matrix [ins, outs] as a convolution has it, [outs, ins]. */
function turned(matrix: Float32Array, outs: number): Float32Array {
  const ins = matrix.length / outs;
  return Float32Array.from(matrix, (_, at) => matrix[(at % ins) * outs + Math.floor(at / ins)] ?? 0);
}

/** One score of 0 to 1 from the heads' scores [heads]; 0.5 is the decision boundary. [1] */
export function appendStack(graph: Graph, scores: string, { weights, bias, alone }: Stack): string {
  const weighted = graph.node('Mul', [
    scores,
    graph.constant('stackWeights', float32([weights.length], weights)),
  ]);
  const sum = graph.node('ReduceSum', [weighted, graph.constant('stackAxes', int64([0]))], { keepdims: 1 });
  const together = graph.node('Add', [sum, graph.constant('stackBias', float32([1], [bias]))]);
  if (alone === undefined) return graph.node('Sigmoid', [together]);
  const novelty = graph.node('Gather', [scores, graph.constant('noveltyAt', int64([0]))]);
  const beyond = graph.node('Sub', [
    novelty,
    graph.constant('aloneThreshold', float32([1], [alone.threshold])),
  ]);
  const apart = graph.node('Mul', [
    beyond,
    graph.constant('aloneSteepness', float32([1], [1 / alone.spread])),
  ]);
  return graph.node('Sigmoid', [graph.node('Max', [together, apart])]);
}

/**
 * The map [1, classes, rows, columns]: each class's share of a softmax with the background. `boundaries` are
 * the logits that become 0.5, one for each class. The map of a picture that the score calls normal is dimmed
 * below 0.5: a clean picture has no mask.
 * @param logits [1, classes, rows, columns]
 */
export function appendMap(
  graph: Graph,
  logits: string,
  score: string,
  boundaries: readonly number[],
  { rows, columns }: Grid,
): string {
  const classes = boundaries.length;
  const shifted = graph.node('Sub', [
    logits,
    graph.constant('boundaries', float32([1, classes, 1, 1], boundaries)),
  ]);
  const background = graph.constant('background', {
    type: 'float32',
    shape: [1, 1, rows, columns],
    data: new Float32Array(rows * columns),
  });
  const shares = graph.node('Softmax', [graph.node('Concat', [background, shifted], { axis: 1 })], {
    axis: 1,
  });
  const [, map] = graph.nodes(
    'Split',
    [shares, graph.constant('parts', int64([1, classes]))],
    ['backgroundShare', 'anomalyShares'],
    { axis: 1 },
  );
  const isAnomalous = graph.node(
    'Cast',
    [graph.node('GreaterOrEqual', [score, graph.constant('half', float32([], [0.5]))])],
    { to: 1 },
  );
  const dimmed = graph.node('Mul', [score, graph.constant('justBelow', float32([], [0.99]))]);
  return graph.node('Mul', [map, graph.node('Max', [isAnomalous, dimmed])]);
}
