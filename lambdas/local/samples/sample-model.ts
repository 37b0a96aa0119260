import { decode, resizeTo } from '../../vision/pictures/decode.ts';
import { float32, Graph, int64 } from '../../vision/onnx/graph.ts';
import { partSize } from './part.ts';

/**
 * A small model that learns from good pictures alone: for each pixel the mean and the deviation of its colour
 * over them. What deviates far from that, measured in deviations and averaged over a small window, is an
 * anomaly. It works because the parts lie still under a fixed camera; for parts that don't, train a model
 * that knows textures.
 */

const { abs, max, min, sqrt } = Math;

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
  const sums = addUp(pictures);
  // What an unknown good picture scores is told by leaving each one out of the statistics that judge it.
  const scores = pictures.map((picture) => scoreOf(picture, normalOf(sums, picture)));
  const mean = average(scores);
  const spread = sqrt(average(scores.map((score) => (score - mean) ** 2)));
  const limit = mean + 5 * spread;
  return { graph: writeGraph(normalOf(sums), limit, 4 / (limit - mean)), threshold: 0.5, mapThreshold: 0.5 };
}

/** Channel by channel, divided by the picture's mean brightness, so that brighter light changes nothing. */
async function readPicture(jpeg: Uint8Array): Promise<Float32Array> {
  const { rgb } = await resizeTo(await decode(jpeg, 'image/jpeg'), side, side);
  const brightness = average(rgb);
  const picture = new Float32Array(pixels * 3);
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let channel = 0; channel < 3; channel++)
      picture[channel * pixels + pixel] = (rgb[pixel * 3 + channel] ?? 0) / brightness;
  }
  return picture;
}

/** Per channel and pixel, over `count` pictures. */
interface Sums {
  readonly count: number;
  readonly values: Float64Array;
  readonly squares: Float64Array;
}

function addUp(pictures: readonly Float32Array[]): Sums {
  const values = new Float64Array(pixels * 3);
  const squares = new Float64Array(pixels * 3);
  for (const picture of pictures) {
    picture.forEach((value, at) => {
      values[at] = (values[at] ?? 0) + value;
      squares[at] = (squares[at] ?? 0) + value * value;
    });
  }
  return { count: pictures.length, values, squares };
}

function normalOf({ count, values, squares }: Sums, without?: Float32Array): Normal {
  const left = without === undefined ? count : count - 1;
  const mean = new Float32Array(values.length);
  const variance = new Float32Array(values.length);
  values.forEach((value, at) => {
    const out = without?.[at] ?? 0;
    const middle = (value - out) / left;
    mean[at] = middle;
    variance[at] = max(((squares[at] ?? 0) - out * out) / left - middle * middle, 0);
  });
  // Edges move by a pixel or two: the neighbours know what a pixel on an edge may do, even if no sample
  // showed it there.
  const deviation = new Float32Array(values.length);
  for (let channel = 0; channel < 3; channel++) {
    const blurred = blur(variance.subarray(channel * pixels, (channel + 1) * pixels), 3);
    deviation.set(
      blurred.map((value) => sqrt(value) + floor),
      channel * pixels,
    );
  }
  return { mean, deviation };
}

/** The same arithmetic as the graph's, for judging before there is one. */
function scoreOf(picture: Float32Array, { mean, deviation }: Normal): number {
  const distances = new Float32Array(pixels);
  picture.forEach((value, at) => {
    distances[at % pixels] =
      (distances[at % pixels] ?? 0) + abs(value - (mean[at] ?? 0)) / (deviation[at] ?? 1) / 3;
  });
  return average(blur(distances, window).sort().subarray(-strangest));
}

/** The mean over a square of `size` pixels, over fewer at the border. */
function blur(plane: Float32Array, size: number): Float32Array {
  const reach = (size - 1) / 2;
  const blurred = new Float32Array(pixels);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      let sum = 0;
      let count = 0;
      for (let row = max(y - reach, 0); row <= min(y + reach, side - 1); row++) {
        for (let column = max(x - reach, 0); column <= min(x + reach, side - 1); column++) {
          sum += plane[row * side + column] ?? 0;
          count++;
        }
      }
      blurred[y * side + x] = sum / count;
    }
  }
  return blurred;
}

function average(values: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += values[index] ?? 0;
  return sum / values.length;
}

/**
 * @param limit the distance at which map and score are 0.5 @param steepness of the curve from distances to
 * scores there
 */
function writeGraph({ mean, deviation }: Normal, limit: number, steepness: number): Uint8Array {
  const graph = new Graph('parts');
  const image = graph.input('image', 'uint8', [1, side, side, 3]);
  const planes = graph.node('Transpose', [graph.node('Cast', [image], { to: 1 })], { perm: [0, 3, 1, 2] });
  const relative = graph.node('Div', [
    planes,
    graph.node('Max', [
      graph.node('ReduceMean', [planes], { axes: [1, 2, 3], keepdims: 1 }),
      graph.constant('least', float32([1], [1])),
    ]),
  ]);
  const offset = graph.node('Abs', [
    graph.node('Sub', [relative, graph.constant('mean', float32([1, 3, side, side], mean))]),
  ]);
  const distance = graph.node('Div', [
    offset,
    graph.constant('deviation', float32([1, 3, side, side], deviation)),
  ]);
  const pad = (window - 1) / 2;
  const smooth = graph.node(
    'AveragePool',
    [graph.node('ReduceMean', [distance], { axes: [1], keepdims: 1 })],
    {
      kernel_shape: [window, window],
      pads: [pad, pad, pad, pad],
      strides: [1, 1],
      count_include_pad: 0,
    },
  );
  const bias = graph.constant('limit', float32([1], [limit]));
  const scale = graph.constant('steepness', float32([1], [steepness]));
  const squash = (value: string, output: string): string =>
    graph.node('Sigmoid', [graph.node('Mul', [graph.node('Sub', [value, bias]), scale])], {}, output);
  graph.output(squash(smooth, 'anomaly_map'), 'float32', [1, 1, side, side]);
  const row = graph.node('Reshape', [smooth, graph.constant('row', int64([1, pixels]))]);
  const [top] = graph.nodes(
    'TopK',
    [row, graph.constant('strangest', int64([strangest]))],
    ['top', 'where'],
    { axis: 1 },
  );
  const score = graph.node('Reshape', [
    graph.node('ReduceMean', [top], { axes: [1], keepdims: 0 }),
    graph.constant('one', int64([1])),
  ]);
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
