/**
 * Fits the heads, and scores pictures with heads that have not seen them. Stack and boundaries are chosen on
 * those scores, inside the training pictures alone, so that the test pictures judge a model that knows
 * nothing of them.
 */
import * as ort from 'onnxruntime-node';
import { floats, openSession, type Example } from '../features/extract.ts';
import { checkStopped } from './failures.ts';
import { deal, foldCount } from './folds.ts';
import { appendMaps, appendNovelty, appendPatchHead, type PatchHead } from '../heads/heads.ts';
import type { Grid } from '../pictures/masks.ts';
import { fitBank, fitPlaces, sumPlaces, type Novelty } from '../heads/novelty.ts';
import { areAligned } from './alignment.ts';
import { Graph } from '../onnx/graph.ts';
import { appendDequantised } from '../heads/patch-step.ts';
import { fitPatchHead } from '../heads/patch.ts';
import { fitPooled, fitScaling, scorePooled, type PooledHead, type Scaling } from '../features/pooled.ts';
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
  readonly novelty: Novelty;
  /** Absent where there are too few anomalies to learn from labels. */
  readonly pooled?: PooledHead;
  /** Members, whose mean counts. */
  readonly patch?: readonly PatchHead[];
}

/** What heads make of a picture that they have not learnt from. */
export interface OutOfFold {
  readonly example: Example;
  /** Novelty, pooled, patch; the latter two only where there are such heads. */
  readonly scores: readonly number[];
  /** [classes, patches], where there is a patch head. */
  readonly logits?: Float32Array;
}

/** With fewer anomalies than this their labels can't be both learnt from and held out. */
export const leastAnomalies = 4;

/**
 * Fits heads that have not seen all of the examples, and scores with them those that they have not seen; then
 * the heads of the model. The patch heads of all folds together are the model's: their mean errs less than
 * one head that has seen everything, and costs no further fit.
 * @param progress told after each fold how much of the work is done, 0 to 1
 */
export async function fitHeads(
  lesson: Lesson,
  progress: (done: number) => void,
): Promise<{ readonly heads: Heads; readonly unseen: readonly OutOfFold[] }> {
  const { examples } = lesson;
  const scaling = fitScaling(examples.map(({ pooled }) => pooled));
  const anomalies = examples.filter(({ isAnomaly }) => isAnomaly).length;
  const isTaught = anomalies >= leastAnomalies;
  const folds = foldCount(examples.length - anomalies, isTaught ? anomalies : 0);
  const parts = deal(examples, folds, lesson.random);
  const novelty = await planNovelty(lesson, parts);
  const unseen: OutOfFold[] = [];
  const members: PatchHead[] = [];
  for (let fold = 0; fold < folds; fold++) {
    checkStopped(lesson.signal);
    const seen = examples.filter((_, at) => parts[at] !== fold);
    // Too few anomalies to learn from: only the novelty head is put to the test.
    const patch = isTaught ? await patchHead(lesson, seen) : undefined;
    const heads = {
      novelty: novelty(fold),
      ...(patch !== undefined && { patch: [patch], pooled: pooledHead(seen, scaling) }),
    };
    unseen.push(
      ...(await scoreUnseen(
        lesson,
        heads,
        examples.filter((_, at) => parts[at] === fold),
      )),
    );
    if (patch !== undefined) members.push(patch);
    progress((fold + 1) / folds);
  }
  // A map is drawn as soon as a mask shows how.
  if (!isTaught && examples.some(({ isAnomaly, views: [view] }) => isAnomaly && view?.patches !== undefined))
    members.push(await patchHead(lesson, examples));
  const heads = {
    novelty: novelty(),
    ...(members.length > 0 && { patch: members }),
    ...(isTaught && { pooled: pooledHead(examples, scaling) }),
  };
  return { heads, unseen };
}

/**
 * How novelty heads are fitted: as banks, or by places where the parts lie alike, which the normal pictures
 * tell by themselves.
 * @param parts per example the number of its part
 * @returns fits a head to the normal pictures of all parts but one, or of all
 */
async function planNovelty(
  { examples, channels, grid, random }: Lesson,
  parts: readonly number[],
): Promise<(without?: number) => Novelty> {
  const normals = (wanted: (part: number) => boolean): Uint8Array[] =>
    examples.flatMap(({ isAnomaly, views: [view] }, at) =>
      isAnomaly || view === undefined || !wanted(parts[at] ?? 0) ? [] : [view.features],
    );
  const sums = [...new Set(parts)].sort().map((part) => ({
    part,
    sums: sumPlaces(
      normals((other) => other === part),
      channels,
      grid,
    ),
  }));
  const bank = (wanted: (part: number) => boolean): Novelty =>
    fitBank(normals(wanted), channels, grid, random);
  const places = (wanted: (part: number) => boolean): Novelty =>
    fitPlaces(
      sums.filter(({ part }) => wanted(part)).map((each) => each.sums),
      channels,
    );
  const halves = [0, 1].map((half) => {
    const learnt = (part: number): boolean => part % 2 !== half;
    return { bank: bank(learnt), places: places(learnt), held: normals((part) => !learnt(part)) };
  });
  const fit = (await areAligned(halves, channels, grid, random)) ? places : bank;
  return (without) => fit((part) => part !== without);
}

const pooledHead = (examples: readonly Example[], scaling: Scaling): PooledHead =>
  fitPooled(
    examples.map(({ pooled }) => pooled),
    examples.map(({ isAnomaly }) => isAnomaly),
    scaling,
  );

const patchHead = (lesson: Lesson, examples: readonly Example[]): Promise<PatchHead> =>
  fitPatchHead(
    {
      normals: examples.filter(({ isAnomaly }) => !isAnomaly).flatMap(({ views }) => views),
      anomalies: examples.filter(({ isAnomaly }) => isAnomaly).flatMap(({ views }) => views),
    },
    lesson,
  );

async function scoreUnseen(
  { channels, grid, top, signal }: Lesson,
  heads: Heads,
  examples: readonly Example[],
): Promise<OutOfFold[]> {
  const graph = new Graph('fold');
  const patches = grid.rows * grid.columns;
  const rows = appendDequantised(graph, graph.input('features', 'uint8', [patches, channels]));
  const maps = appendMaps(graph, rows, channels, grid);
  graph.node('Identity', [appendNovelty(graph, maps, heads.novelty, channels, grid)], {}, 'novelty');
  graph.output('novelty', 'float32', [1]);
  if (heads.patch !== undefined) {
    const { logits, score } = appendPatchHead(graph, maps, heads.patch, top, grid);
    graph.node('Identity', [logits], {}, 'logits');
    graph.node('Identity', [score], {}, 'patch');
    graph.output('logits', 'float32', [1, 'classes', grid.rows, grid.columns]);
    graph.output('patch', 'float32', [1]);
  }
  const session = await openSession(graph.encode());
  try {
    const scored: OutOfFold[] = [];
    for (const example of examples) {
      checkStopped(signal);
      const result = await session.run({
        features: new ort.Tensor('uint8', example.views[0]?.features ?? new Uint8Array(), [
          patches,
          channels,
        ]),
      });
      const scores = [floats(result['novelty'])[0] ?? 0];
      if (heads.pooled !== undefined) scores.push(scorePooled(heads.pooled, example.pooled));
      if (heads.pooled !== undefined && heads.patch !== undefined)
        scores.push(floats(result['patch'])[0] ?? 0);
      scored.push({
        example,
        scores,
        ...(heads.patch !== undefined && { logits: floats(result['logits']) }),
      });
    }
    return scored;
  } finally {
    await session.release();
  }
}
