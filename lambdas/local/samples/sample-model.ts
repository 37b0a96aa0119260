import { decode, resizeTo } from '../../hosting/embedded/picture.ts';
import { float32, Graph, int64 } from '../../training/embedded/onnx.ts';
import { partSize } from './part.ts';

/**
 * A small model that learns from good pictures alone: for each pixel the mean and the deviation of its colour over them. What deviates far
 * from that, measured in deviations and averaged over a small window, is an anomaly. It works because the parts lie still under
 * a fixed camera; for parts that don't, train a model that knows textures.
 */

const side = 128;
const pixels = side * side;
/** The window over which deviations are averaged, in pixels, odd. */
const window = 5;
/** A picture's score is the mean of its so many strangest windows. */
const strangest = 16;
/** Deviations below this share of a picture's mean brightness are noise of too few samples. */
const floor = 0.03;

/** Per channel and pixel, channel by channel, in units of the picture's mean brightness. */
interface Normal {
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
}

export interface SampleModel {
  readonly graph: Uint8Array;
  readonly threshold: number;
  readonly mapThreshold: number;
}

export async function makeSampleModel(good: readonly Uint8Array[]): Promise<SampleModel> {
  const pictures = await Promise.all(good.map(readPicture));
  // What an unknown good picture scores is told by leaving each one out of the statistics that judge it.
  const scores = pictures.map((picture, index) => scoreOf(picture, learn(pictures.filter((_, other) => other !== index))));
  const mean = average(scores);
  const spread = Math.sqrt(average(scores.map((score) => (score - mean) ** 2)));
  const limit = mean + 5 * spread;
  return { graph: writeGraph(learn(pictures), limit, 4 / (limit - mean)), threshold: 0.5, mapThreshold: 0.5 };
}

/** Channel by channel, divided by the picture's mean brightness, so that brighter light changes nothing. */
async function readPicture(jpeg: Uint8Array): Promise<Float32Array> {
  const { rgb } = await resizeTo(await decode(jpeg, 'image/jpeg'), side, side);
  const brightness = average(rgb);
  return Float32Array.from({ length: pixels * 3 }, (_, at) => (rgb[(at % pixels) * 3 + Math.floor(at / pixels)] ?? 0) / brightness);
}

function learn(pictures: readonly Float32Array[]): Normal {
  const over = (value: (picture: Float32Array, at: number) => number): Float32Array =>
    Float32Array.from({ length: pixels * 3 }, (_, at) => average(pictures.map((picture) => value(picture, at))));
  const mean = over((picture, at) => picture[at] ?? 0);
  const variance = over((picture, at) => ((picture[at] ?? 0) - (mean[at] ?? 0)) ** 2);
  // Edges move by a pixel or two: the neighbours know what a pixel on an edge may do, even if no sample showed it there.
  const channels = [0, 1, 2].flatMap((channel) => Array.from(blur(variance.subarray(channel * pixels, (channel + 1) * pixels), 3)));
  return { mean, deviation: Float32Array.from(channels, (value) => Math.sqrt(value) + floor) };
}

/** The same arithmetic as the graph's, for judging before there is one. */
function scoreOf(picture: Float32Array, { mean, deviation }: Normal): number {
  const distances = Float32Array.from({ length: pixels }, (_, pixel) => average([0, 1, 2].map((channel) => {
    const at = channel * pixels + pixel;
    return Math.abs((picture[at] ?? 0) - (mean[at] ?? 0)) / (deviation[at] ?? 1);
  })));
  return average(blur(distances, window).sort().subarray(-strangest));
}

/** The mean over a square of `size` pixels, over fewer at the border. */
function blur(plane: Float32Array, size: number): Float32Array {
  const reach = (size - 1) / 2;
  return plane.map((_, at) => {
    const [x, y] = [at % side, Math.floor(at / side)];
    const around: number[] = [];
    for (let row = Math.max(y - reach, 0); row <= Math.min(y + reach, side - 1); row++) {
      for (let column = Math.max(x - reach, 0); column <= Math.min(x + reach, side - 1); column++) around.push(plane[row * side + column] ?? 0);
    }
    return average(around);
  });
}

function average(values: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += values[index] ?? 0;
  return sum / values.length;
}

/** @param limit the distance at which map and score are 0.5 @param steepness of the curve from distances to scores there */
function writeGraph({ mean, deviation }: Normal, limit: number, steepness: number): Uint8Array {
  const graph = new Graph('parts');
  const image = graph.input('image', 'uint8', [1, side, side, 3]);
  const planes = graph.node('Transpose', [graph.node('Cast', [image], { to: 1 })], { perm: [0, 3, 1, 2] });
  const relative = graph.node('Div', [planes, graph.node('Max', [
    graph.node('ReduceMean', [planes], { axes: [1, 2, 3], keepdims: 1 }), graph.constant('least', float32([1], [1]))])]);
  const offset = graph.node('Abs', [graph.node('Sub', [relative, graph.constant('mean', float32([1, 3, side, side], mean))])]);
  const distance = graph.node('Div', [offset, graph.constant('deviation', float32([1, 3, side, side], deviation))]);
  const pad = (window - 1) / 2;
  const smooth = graph.node('AveragePool', [graph.node('ReduceMean', [distance], { axes: [1], keepdims: 1 })], {
    kernel_shape: [window, window], pads: [pad, pad, pad, pad], strides: [1, 1], count_include_pad: 0,
  });
  const bias = graph.constant('limit', float32([1], [limit]));
  const scale = graph.constant('steepness', float32([1], [steepness]));
  const squash = (value: string, output: string): string =>
    graph.node('Sigmoid', [graph.node('Mul', [graph.node('Sub', [value, bias]), scale])], {}, output);
  graph.output(squash(smooth, 'anomaly_map'), 'float32', [1, 1, side, side]);
  const row = graph.node('Reshape', [smooth, graph.constant('row', int64([1, pixels]))]);
  const [top] = graph.nodes('TopK', [row, graph.constant('strangest', int64([strangest]))], ['top', 'where'], { axis: 1 });
  const score = graph.node('Reshape', [graph.node('ReduceMean', [top], { axes: [1], keepdims: 0 }), graph.constant('one', int64([1]))]);
  graph.output(squash(score, 'anomaly_score'), 'float32', [1]);
  return graph.encode({ description: 'Per-pixel statistics of synthetic sample parts' });
}

/** The part of model.json that tells what the graph takes and gives. */
export const sampleManifest = {
  format: 'crowsnest-model/1',
  picture: partSize,
  input: { name: 'image', width: side, height: side, layout: 'NHWC', type: 'uint8' },
  outputs: { score: 'anomaly_score', map: 'anomaly_map' },
  classes: [{ name: 'defect', color: '#D13212' }],
} as const;
