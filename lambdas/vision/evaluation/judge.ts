import * as ort from 'onnxruntime-node';
import type { AnomalyClass } from '../inference/artifact.ts';
import type { ClassFigures } from './figures.ts';
import { evaluateClasses } from './evaluate.ts';
import { floats, openSession } from '../features/extract.ts';
import { checkStopped } from '../fitting/failures.ts';
import { decided } from '../pictures/masks.ts';
import { outputs } from '../onnx/model-graph.ts';
import { modelSize, prepare, type LabelledPicture, type Preparation } from '../pictures/training-pictures.ts';

/** What the model says of one test picture. */
export interface PictureResult {
  readonly id: string;
  readonly isAnomaly: boolean;
  readonly isAnomalous: boolean;
  /** 0 to 1, of the classification stated. */
  readonly confidence: number;
  /** 0 to 1; anomalous from 0.5 on. */
  readonly score: number;
}

export interface Judgement {
  readonly results: readonly PictureResult[];
  /**
   * Over the patches of normal pictures and of anomalies with masks; absent without a map or without such
   * anomalies.
   */
  readonly classes?: readonly ClassFigures[];
}

/**
 * Runs the written model on pictures, as hosting does. Pictures are held one at a time.
 * @throws MixedSizes, PictureUnreadable or MaskUnusable
 */
export async function judge(
  graph: Uint8Array,
  pictures: readonly LabelledPicture[],
  preparation: Preparation & { readonly classes: readonly AnomalyClass[] },
  progress: (done: number) => void,
): Promise<Judgement> {
  const { classes, signal } = preparation;
  const session = await openSession(graph);
  try {
    const results: PictureResult[] = [];
    const pairs: { truth: Uint8Array; found: Uint8Array; isAnomaly: boolean }[] = [];
    for (const picture of pictures) {
      checkStopped(signal);
      const { id, isAnomaly, rgb, patches } = await prepare(picture, preparation);
      const { width, height } = modelSize(preparation.size ?? { width: 0, height: 0 });
      const result = await session.run({ image: new ort.Tensor('uint8', rgb, [1, height, width, 3]) });
      const score = floats(result[outputs.score])[0] ?? 0;
      results.push({
        id,
        isAnomaly,
        isAnomalous: score >= 0.5,
        confidence: Math.max(score, 1 - score),
        score,
      });
      if (classes.length > 0 && patches !== undefined) {
        pairs.push({
          truth: decided(patches),
          found: labelsOf(floats(result[outputs.map]), classes.length),
          isAnomaly,
        });
      }
      progress(results.length / pictures.length);
    }
    const hasMasks = pairs.some(({ isAnomaly }) => isAnomaly);
    return {
      results,
      ...(hasMasks && {
        classes: evaluateClasses(
          pairs,
          classes.map(({ name }) => name),
        ),
      }),
    };
  } finally {
    await session.release();
  }
}

/**
 * Per patch the class of the greatest value that reaches 0.5, from 1 on, else 0. @param map [classes,
 * patches]
 */
function labelsOf(map: Float32Array, classes: number): Uint8Array {
  const patches = map.length / classes;
  return Uint8Array.from({ length: patches }, (_, patch) => {
    let [label, best] = [0, 0.5];
    for (let index = 0; index < classes; index++) {
      const value = map[index * patches + patch] ?? 0;
      if (value >= best) [label, best] = [index + 1, value];
    }
    return label;
  });
}
