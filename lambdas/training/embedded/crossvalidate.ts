/**
 * Fits the heads, and scores pictures with heads that have not seen them. Stack and boundaries are chosen on those scores, inside the training
 * pictures alone, so that the test pictures judge a model that knows nothing of them.
 */
import * as ort from 'onnxruntime-node';
import { floats, openSession, type Example } from './extract.ts';
import { checkStopped } from './failures.ts';
import { deal, foldCount } from './folds.ts';
import { appendNovelty, appendPatchHead, type PatchHead } from './heads.ts';
import type { Grid } from './masks.ts';
import { fitBank, type Bank } from './novelty.ts';
import { Graph } from './onnx.ts';
import { appendDequantised } from './patch-step.ts';
import { fitPatchHead } from './patch.ts';
import { fitPooled, fitScaling, scorePooled, type PooledHead, type Scaling } from './pooled.ts';
import type { Random } from './random.ts';

export interface Lesson {
  readonly examples: readonly Example[];
  readonly channels: number;
  readonly grid: Grid;
  /** How many anomaly types masks tell apart; 1 also where there are no masks. */
  readonly classes: number;
  /** How many of its greatest patches speak for a picture, as topPatches says. */
  readonly top: number;
  readonly random: Random;
  readonly signal?: AbortSignal | undefined;
}

export interface Heads {
  readonly bank: Bank;
  /** Absent where there are too few anomalies to learn from labels. */
  readonly pooled?: PooledHead;
  readonly patch?: PatchHead;
}

/** What heads make of a picture that they have not learnt from. */
export interface OutOfFold {
  readonly example: Example;
  /** Novelty, pooled, patch; the latter two only where there are such heads. */
  readonly scores: readonly number[];
  /** [patches, classes], where there is a patch head. */
  readonly logits?: Float32Array;
}

/** With fewer anomalies than this their labels can't be both learnt from and held out. */
export const leastAnomalies = 4;

export async function fitHeads(lesson: Lesson, examples: readonly Example[], scaling: Scaling): Promise<Heads> {
  const normals = examples.filter(({ isAnomaly }) => !isAnomaly);
  const anomalies = examples.filter(({ isAnomaly }) => isAnomaly);
  const bank = fitBank(normals.map(({ views }) => views[0]?.features ?? new Uint8Array()), lesson.channels, lesson.random);
  const isTaught = lesson.examples.filter(({ isAnomaly }) => isAnomaly).length >= leastAnomalies;
  const hasMasks = anomalies.some(({ views }) => views[0]?.patches !== undefined);
  const patch = isTaught || hasMasks
    ? await fitPatchHead({ normals: normals.flatMap(({ views }) => views), anomalies: anomalies.flatMap(({ views }) => views) }, lesson) : undefined;
  const pooled = isTaught
    ? fitPooled(examples.map((example) => example.pooled), examples.map(({ isAnomaly }) => isAnomaly), scaling) : undefined;
  return { bank, ...(pooled !== undefined && { pooled }), ...(patch !== undefined && { patch }) };
}

/** @param progress told after each fold how much of the work is done, 0 to 1 */
export async function crossValidate(lesson: Lesson, progress: (done: number) => void): Promise<OutOfFold[]> {
  const { examples } = lesson;
  const scaling = fitScaling(examples.map(({ pooled }) => pooled));
  const anomalies = examples.filter(({ isAnomaly }) => isAnomaly).length;
  const isTaught = anomalies >= leastAnomalies;
  const folds = foldCount(examples.length - anomalies, isTaught ? anomalies : 0);
  const parts = deal(examples, folds, lesson.random);
  const scored: OutOfFold[] = [];
  for (let fold = 0; fold < folds; fold++) {
    checkStopped(lesson.signal);
    const seen = examples.filter((_, at) => parts[at] !== fold);
    // Too few anomalies to learn from: only the novelty head is put to the test.
    const heads = isTaught ? await fitHeads(lesson, seen, scaling)
      : { bank: fitBank(seen.filter(({ isAnomaly }) => !isAnomaly).map(({ views }) => views[0]?.features ?? new Uint8Array()), lesson.channels, lesson.random) };
    scored.push(...await scoreUnseen(lesson, heads, examples.filter((_, at) => parts[at] === fold)));
    progress((fold + 1) / folds);
  }
  return scored;
}

async function scoreUnseen({ channels, grid, top, signal }: Lesson, heads: Heads, examples: readonly Example[]): Promise<OutOfFold[]> {
  const graph = new Graph('fold');
  const patches = grid.rows * grid.columns;
  const rows = appendDequantised(graph, graph.input('features', 'uint8', [patches, channels]));
  graph.node('Identity', [appendNovelty(graph, rows, heads.bank, channels, grid)], {}, 'novelty');
  graph.output('novelty', 'float32', [1]);
  if (heads.patch !== undefined) {
    const { logits, score } = appendPatchHead(graph, rows, heads.patch, top);
    graph.node('Identity', [logits], {}, 'logits');
    graph.node('Identity', [score], {}, 'patch');
    graph.output('logits', 'float32', [patches, 'classes']);
    graph.output('patch', 'float32', [1]);
  }
  const session = await openSession(graph.encode());
  try {
    const scored: OutOfFold[] = [];
    for (const example of examples) {
      checkStopped(signal);
      const result = await session.run({ features: new ort.Tensor('uint8', example.views[0]?.features ?? new Uint8Array(), [patches, channels]) });
      const scores = [floats(result['novelty'])[0] ?? 0];
      if (heads.pooled !== undefined) scores.push(scorePooled(heads.pooled, example.pooled));
      if (heads.pooled !== undefined && heads.patch !== undefined) scores.push(floats(result['patch'])[0] ?? 0);
      scored.push({ example, scores, ...(heads.patch !== undefined && { logits: floats(result['logits']) }) });
    }
    return scored;
  } finally {
    await session.release();
  }
}
