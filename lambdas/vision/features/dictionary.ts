/**
 * The features that need no weights from anybody: at each of several scales, how much 7 x 7 squares of the
 * picture resemble the entries of a dictionary, which is learnt from the customer's own pictures by spherical
 * k-means on whitened squares (after Coates and Ng, 2012).
 */
import * as ort from 'onnxruntime-node';
import { floats, openSession } from './extract.ts';
import { checkStopped } from '../fitting/failures.ts';
import { patchSize, type FeatureMap } from './features.ts';
import { float32, Graph, int64 } from '../onnx/graph.ts';
import type { PreparedPicture, Size } from '../pictures/training-pictures.ts';
import { decompose } from './pooled.ts';
import type { Random } from '../fitting/random.ts';

/**
 * `shrink`: how many pixels become one. `stride`: how far squares lie apart there; closer ones at fine scales
 * would say little more.
 */
const scales = [
  { shrink: 1, stride: 2 },
  { shrink: 2, stride: 2 },
  { shrink: 4, stride: 1 },
  { shrink: 8, stride: 1 },
] as const;
const entries = 48;
export const dictionaryChannels = scales.length * entries * 2;
const side = 7;
const values = side * side * 3;
const sampleSize = 12_000;
const rounds = 12;

interface Scale {
  readonly shrink: number;
  readonly stride: number;
  /** [entries, 3, 7, 7]: resemblance = kernel * square + bias. */
  readonly kernel: Float32Array;
  readonly bias: Float32Array;
  /** Resemblances below it count as none, per entry. */
  readonly threshold: Float32Array;
}

/** Learns a dictionary. Labels play no part. */
export async function learnDictionary(
  pictures: readonly PreparedPicture[],
  size: Size,
  random: Random,
  signal?: AbortSignal,
): Promise<FeatureMap> {
  const learnt: Scale[] = [];
  for (const { shrink, stride } of scales) {
    checkStopped(signal);
    learnt.push({
      shrink,
      stride,
      ...(await learnScale(sampleSquares(pictures, size, shrink, random), random, signal)),
    });
  }
  return {
    kind: 'dictionary',
    channels: dictionaryChannels,
    append: (graph, image) =>
      graph.node(
        'Concat',
        learnt.map((scale) => appendScale(graph, image, scale)),
        { axis: 1 },
      ),
  };
}

function appendScale(
  graph: Graph,
  image: string,
  { shrink, stride, kernel, bias, threshold }: Scale,
): string {
  const name = `scale${shrink}`;
  const shrunk =
    shrink === 1
      ? image
      : graph.node('AveragePool', [image], { kernel_shape: [shrink, shrink], strides: [shrink, shrink] });
  const margin = Math.floor(side / 2);
  const padded = graph.node(
    'Pad',
    [shrunk, graph.constant(`${name}.margin`, int64([0, 0, margin, margin, 0, 0, margin, margin]))],
    { mode: 'edge' },
  );
  const resemblance = graph.node(
    'Conv',
    [
      padded,
      graph.constant(`${name}.kernel`, { type: 'float32', shape: [entries, 3, side, side], data: kernel }),
      graph.constant(`${name}.bias`, { type: 'float32', shape: [entries], data: bias }),
    ],
    { kernel_shape: [side, side], strides: [stride, stride] },
  );
  const least = graph.constant(`${name}.threshold`, {
    type: 'float32',
    shape: [1, entries, 1, 1],
    data: threshold,
  });
  const alike = graph.node('Relu', [graph.node('Sub', [resemblance, least])]);
  const opposite = graph.node('Relu', [graph.node('Sub', [graph.node('Neg', [resemblance]), least])]);
  const cell = patchSize / shrink / stride;
  const pooled = [alike, opposite].map((map) =>
    graph.node('AveragePool', [map], { kernel_shape: [cell, cell], strides: [cell, cell] }),
  );
  return graph.node('Concat', pooled, { axis: 1 });
}

/**
 * Squares from random places of random pictures, channel by channel as a convolution sees them. [sampleSize,
 * 147]
 */
function sampleSquares(
  pictures: readonly PreparedPicture[],
  { width, height }: Size,
  shrink: number,
  random: Random,
): Float32Array {
  const squares = new Float32Array(sampleSize * values);
  for (let sample = 0; sample < sampleSize; sample++) {
    const rgb = pictures[random.below(pictures.length)]?.rgb ?? new Uint8Array();
    const left = random.below(Math.floor(width / shrink) - side + 1);
    const top = random.below(Math.floor(height / shrink) - side + 1);
    for (let channel = 0; channel < 3; channel++) {
      for (let cell = 0; cell < side * side; cell++) {
        const x = (left + (cell % side)) * shrink;
        const y = (top + Math.floor(cell / side)) * shrink;
        let sum = 0;
        for (let row = y; row < y + shrink; row++)
          for (let column = x; column < x + shrink; column++)
            sum += rgb[(row * width + column) * 3 + channel] ?? 0;
        squares[sample * values + channel * side * side + cell] = sum / shrink / shrink;
      }
    }
  }
  return squares;
}

async function learnScale(
  squares: Float32Array,
  random: Random,
  signal?: AbortSignal,
): Promise<Pick<Scale, 'kernel' | 'bias' | 'threshold'>> {
  const { mean, whitening } = await fitWhitening(squares);
  const { dictionary, threshold } = await cluster(await whiten(squares, mean, whitening), random, signal);
  // Whitening and the dictionary are both linear, so that together they are one convolution.
  const kernel = new Float32Array(entries * values);
  const bias = new Float32Array(entries);
  for (let entry = 0; entry < entries; entry++) {
    for (let column = 0; column < values; column++) {
      let sum = 0;
      for (let row = column; row < values; row++)
        sum += (dictionary[row * entries + entry] ?? 0) * (whitening[row]?.[column] ?? 0);
      kernel[entry * values + column] = sum;
      bias[entry] = (bias[entry] ?? 0) - sum * (mean[column] ?? 0);
    }
  }
  return { kernel, bias, threshold };
}

/**
 * The mean, and a triangular matrix that makes all directions vary alike. Directions that hardly vary are
 * noise and stay small.
 */
async function fitWhitening(
  squares: Float32Array,
): Promise<{ readonly mean: Float32Array; readonly whitening: readonly Float64Array[] }> {
  const graph = new Graph('covariance');
  const samples = graph.input('samples', 'float32', [sampleSize, values]);
  const centred = graph.node('Sub', [
    samples,
    graph.node('ReduceMean', [samples], { axes: [0], keepdims: 0 }, 'mean'),
  ]);
  graph.node('MatMul', [graph.node('Transpose', [centred], { perm: [1, 0] }), centred], {}, 'products');
  graph.output('mean', 'float32', [values]);
  graph.output('products', 'float32', [values, values]);
  const session = await openSession(graph.encode());
  try {
    const result = await session.run({ samples: new ort.Tensor('float32', squares, [sampleSize, values]) });
    const products = floats(result['products']);
    const covariance = Array.from({ length: values }, (_, row) =>
      Float64Array.from(products.subarray(row * values, (row + 1) * values), (value) => value / sampleSize),
    );
    const noise = (0.01 * covariance.reduce((sum, line, row) => sum + (line[row] ?? 0), 0)) / values + 0.1;
    covariance.forEach((line, row) => {
      line[row] = (line[row] ?? 0) + noise;
    });
    decompose(covariance);
    return { mean: floats(result['mean']), whitening: invert(covariance) };
  } finally {
    await session.release();
  }
}

async function whiten(
  squares: Float32Array,
  mean: Float32Array,
  whitening: readonly Float64Array[],
): Promise<Float32Array> {
  const graph = new Graph('whitening');
  const centred = graph.node('Sub', [
    graph.input('samples', 'float32', [sampleSize, values]),
    graph.constant('mean', float32([values], mean)),
  ]);
  const turned = Float32Array.from(
    { length: values * values },
    (_, at) => whitening[at % values]?.[Math.floor(at / values)] ?? 0,
  );
  graph.node('MatMul', [centred, graph.constant('matrix', float32([values, values], turned))], {}, 'white');
  graph.output('white', 'float32', [sampleSize, values]);
  const session = await openSession(graph.encode());
  try {
    return floats(
      (await session.run({ samples: new ort.Tensor('float32', squares, [sampleSize, values]) }))['white'],
    );
  } finally {
    await session.release();
  }
}

/** The inverse of a lower triangular matrix. */
function invert(lower: readonly Float64Array[]): Float64Array[] {
  const inverse = lower.map((line) => new Float64Array(line.length));
  lower.forEach((line, row) => {
    const target = inverse[row] ?? new Float64Array();
    for (let column = 0; column <= row; column++) {
      let sum = row === column ? 1 : 0;
      for (let at = column; at < row; at++) sum -= (line[at] ?? 0) * (inverse[at]?.[column] ?? 0);
      target[column] = sum / (line[row] ?? 1);
    }
  });
  return inverse;
}

/**
 * Spherical k-means: entries have length 1, and a square belongs to the entry that it resembles most, or is
 * most opposite to.
 */
async function cluster(
  white: Float32Array,
  random: Random,
  signal?: AbortSignal,
): Promise<{ dictionary: Float32Array; threshold: Float32Array }> {
  const graph = new Graph('cluster');
  const samples = graph.input('samples', 'float32', [sampleSize, values]);
  const start = graph.input('dictionary', 'float32', [values, entries]);
  const resemblance = graph.node('MatMul', [samples, start]);
  const strength = graph.node('Abs', [resemblance]);
  const greatest = graph.node('ReduceMax', [strength], { axes: [1], keepdims: 1 });
  const own = graph.node('Mul', [
    resemblance,
    graph.node('Cast', [graph.node('GreaterOrEqual', [strength, greatest])], { to: 1 }),
  ]);
  const sums = graph.node('Add', [
    graph.node('MatMul', [graph.node('Transpose', [samples], { perm: [1, 0] }), own]),
    start,
  ]);
  graph.node('Div', [sums, graph.node('ReduceL2', [sums], { axes: [0], keepdims: 1 })], {}, 'next');
  graph.node('ReduceMean', [strength], { axes: [0], keepdims: 0 }, 'threshold');
  graph.output('next', 'float32', [values, entries]);
  graph.output('threshold', 'float32', [entries]);
  const session = await openSession(graph.encode());
  try {
    const feed = new ort.Tensor('float32', white, [sampleSize, values]);
    let dictionary = firstEntries(random);
    let threshold = new Float32Array(entries);
    for (let round = 0; round < rounds; round++) {
      checkStopped(signal);
      const result = await session.run({
        samples: feed,
        dictionary: new ort.Tensor('float32', dictionary, [values, entries]),
      });
      threshold = Float32Array.from(result['threshold']?.data as Float32Array);
      if (round < rounds - 1) dictionary = Float32Array.from(result['next']?.data as Float32Array);
    }
    return { dictionary, threshold };
  } finally {
    await session.release();
  }
}

/** Random directions. [147, entries], columns of length 1 */
function firstEntries(random: Random): Float32Array<ArrayBuffer> {
  const dictionary = Float32Array.from({ length: values * entries }, () => random.normal());
  for (let entry = 0; entry < entries; entry++) {
    let square = 0;
    for (let row = 0; row < values; row++) square += (dictionary[row * entries + entry] ?? 0) ** 2;
    for (let row = 0; row < values; row++)
      dictionary[row * entries + entry] = (dictionary[row * entries + entry] ?? 0) / Math.sqrt(square);
  }
  return dictionary;
}
