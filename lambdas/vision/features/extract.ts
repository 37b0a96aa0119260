import * as ort from 'onnxruntime-node';
import { checkStopped } from '../fitting/failures.ts';
import { appendImage, type FeatureMap } from './features.ts';
import { appendNormalised, appendPooled, appendRows, type Normalisation } from '../heads/heads.ts';
import { mirrored, type PatchLabels } from '../pictures/masks.ts';
import { Graph, float32 } from '../onnx/graph.ts';
import { quantisation } from '../heads/patch-step.ts';
import { gridOf, mirrorPicture, type PreparedPicture, type Size } from '../pictures/training-pictures.ts';

/** One picture as it was taken, or in a mirror. */
export interface View {
  /** [patches, channels] in the quantisation of features: a quarter of the memory, and no head can tell. */
  readonly features: Uint8Array;
  readonly patches?: PatchLabels;
}

/** A picture as the heads learn from it. The first view is the picture as it was taken. */
export interface Example {
  readonly id: string;
  readonly isAnomaly: boolean;
  readonly views: readonly View[];
  readonly pooled: Float32Array;
}

/** How many threads work on one graph. Fixed, so that sums are formed in the same order on every run. */
const threads = 2;

export const openSession = (graph: Uint8Array): Promise<ort.InferenceSession> =>
  ort.InferenceSession.create(graph, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 4,
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  });

export const floats = (tensor: ort.OnnxValue | undefined): Float32Array =>
  Float32Array.from(tensor?.data as Float32Array);

const imageTensor = (rgb: Uint8Array, { width, height }: Size): ort.Tensor =>
  new ort.Tensor('uint8', rgb, [1, height, width, 3]);

/** Mean and deviation of every channel over a sample of the pictures. Labels play no part. */
export async function fitNormalisation(
  features: FeatureMap,
  pictures: readonly PreparedPicture[],
  size: Size,
  signal?: AbortSignal,
): Promise<Normalisation> {
  const graph = new Graph('moments');
  const values = features.append(graph, appendImage(graph, size.width, size.height));
  graph.node('ReduceMean', [values], { axes: [0, 2, 3], keepdims: 0 }, 'mean');
  graph.node('ReduceMean', [graph.node('Mul', [values, values])], { axes: [0, 2, 3], keepdims: 0 }, 'square');
  for (const name of ['mean', 'square']) graph.output(name, 'float32', [features.channels]);
  const session = await openSession(graph.encode());
  try {
    const mean = new Float64Array(features.channels);
    const square = new Float64Array(features.channels);
    const step = Math.max(1, Math.ceil(pictures.length / 64));
    const sample = pictures.filter((_, at) => at % step === 0);
    for (const { rgb } of sample) {
      checkStopped(signal);
      const result = await session.run({ image: imageTensor(rgb, size) });
      floats(result['mean']).forEach((value, channel) => {
        mean[channel] = (mean[channel] ?? 0) + value / sample.length;
      });
      floats(result['square']).forEach((value, channel) => {
        square[channel] = (square[channel] ?? 0) + value / sample.length;
      });
    }
    const scale = Float32Array.from(mean, (value, channel) => {
      const variance = (square[channel] ?? 0) - value * value;
      return variance < 1e-6 * (1 + value * value) ? 0 : 1 / Math.sqrt(variance);
    });
    return { mean: Float32Array.from(mean), scale };
  } finally {
    await session.release();
  }
}

/** Turns pictures into examples, one after the other. */
export class Extraction {
  readonly #session: ort.InferenceSession;
  readonly #size: Size;

  private constructor(session: ort.InferenceSession, size: Size) {
    this.#session = session;
    this.#size = size;
  }

  static async open(features: FeatureMap, normalisation: Normalisation, size: Size): Promise<Extraction> {
    const graph = new Graph('extraction');
    const grid = gridOf(size);
    const normalised = appendNormalised(
      graph,
      features,
      appendImage(graph, size.width, size.height),
      normalisation,
    );
    const pooled = appendPooled(graph, normalised, features.channels, grid);
    const levels = graph.node('Mul', [
      appendRows(graph, normalised, features.channels),
      graph.constant('levels', float32([], [quantisation.levels])),
    ]);
    const bytes = graph.node('Add', [
      graph.node('Round', [levels]),
      graph.constant('zero', float32([], [quantisation.zero])),
    ]);
    graph.node('Cast', [bytes], { to: 2 }, 'bytes');
    graph.node('Identity', [pooled], {}, 'pooled');
    graph.output('bytes', 'uint8', [grid.rows * grid.columns, features.channels]);
    graph.output('pooled', 'float32', [4 * features.channels]);
    return new Extraction(await openSession(graph.encode()), size);
  }

  /** @param views 1: as it is; 2: also left and right swapped; 4: also upside down */
  async example({ id, isAnomaly, rgb, patches }: PreparedPicture, views: 1 | 2 | 4): Promise<Example> {
    const taken: View[] = [];
    let pooled = new Float32Array();
    for (let view = 0; view < views; view++) {
      const [across, down] = [(view & 1) === 1, (view & 2) === 2];
      const result = await this.#session.run({
        image: imageTensor(mirrorPicture(rgb, this.#size, across, down), this.#size),
      });
      const labels = patches === undefined ? undefined : mirrored(patches, gridOf(this.#size), across, down);
      taken.push({
        features: Uint8Array.from(result['bytes']?.data as Uint8Array),
        ...(labels !== undefined && { patches: labels }),
      });
      if (view === 0) pooled = floats(result['pooled']) as Float32Array<ArrayBuffer>;
    }
    return { id, isAnomaly, views: taken, pooled };
  }

  close(): Promise<void> {
    return this.#session.release();
  }
}
