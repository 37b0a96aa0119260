import {
  datasetExecution,
  datasetId,
  datasetMessage,
  doneDatasetState,
  failedDatasetState,
  generationOf,
  passingDatasetState,
  type Dataset,
  type DatasetKey,
  type ImageStats,
} from '../../domain/dataset.ts';
import type { DatasetInput } from '../../domain/ports.ts';
import { places } from '../../store/keys.ts';
import type { ScheduledDeletion } from '../../store/scheduled-deletions.ts';
import { fenceOf, leased } from '../../domain/operation.ts';
import { isDue, takeOver } from '../take-over.ts';
import {
  commit,
  inCharge,
  type Progress,
  type SweepContext,
  type TaskContext,
  type TaskData,
} from '../context.ts';

/**
 * How far an operation has come: all that the next step needs to know, so that a repeated step does the same.
 */
export interface DatasetProgress extends Progress {
  /**
   * Of the manifest or the changes: bytes, lines, and the lines among them that are entries, or that name a
   * folder.
   */
  readonly offset: number;
  readonly lines: number;
  readonly entries: number;
  readonly folders: number;
  /** Which content was read from: the object must not change in between. */
  readonly tag?: string;
  /** The position up to which the lines of the generation before were taken over. */
  readonly carried: number;
  /** The last line that is counted in `stats`. */
  readonly counted?: { readonly picture: string; readonly position: number };
  readonly stats: ImageStats;
}

export type DatasetTaskInput = TaskData<DatasetInput, DatasetProgress>;

type Reach = Pick<TaskContext, 'store' | 'clock' | 'settings'>;

/** Where this attempt writes. */
export const stagedBy = ({ operationId, attempt }: DatasetInput): string =>
  generationOf({ id: operationId, attempt });

/**
 * When nobody can be reading, or writing, any more what has just lost its meaning: no operation takes longer,
 * and no reader as long.
 */
const deletionOf = (
  { clock, settings }: Reach,
  { project }: Pick<DatasetKey, 'project'>,
  partitions: readonly string[],
): ScheduledDeletion => ({ project, partitions, dueAt: clock.now() + settings.times.import * 1000 });

/**
 * The dataset that a task works for, if it is still this attempt's to work on, with the lease taken for a
 * step.
 * @throws Superseded
 */
export async function claimedDataset(ctx: Reach, input: DatasetTaskInput): Promise<Dataset> {
  const dataset = inCharge(await ctx.store.datasets.get(input), input, [passingDatasetState[input.kind]]);
  const lines = input.progress?.lines ?? 0;
  const message = input.kind === 'createDataset' ? datasetMessage.creating : datasetMessage.updating;
  await commit(
    ctx,
    ctx.store.datasets.move(input, [passingDatasetState[input.kind]], {
      set: {
        ...leased(ctx, dataset, ctx.clock.now(), ctx.settings.times.provision),
        statusMessage: lines === 0 ? message : `${message} ${lines} lines were read.`,
      },
    }),
  );
  return dataset;
}

/**
 * The staged generation becomes what readers see; what was before, and what was needed on the way, is
 * scheduled for deletion.
 */
export async function complete(
  ctx: Reach,
  input: DatasetTaskInput,
  before: Dataset,
  { stats, lines, folders }: DatasetProgress,
): Promise<void> {
  const generation = stagedBy(input);
  const message = input.kind === 'createDataset' ? datasetMessage.created : datasetMessage.updated;
  const over = [
    places.pictures(generation),
    ...(before.generation === undefined ? [] : [places.entries(before.generation)]),
    ...(input.kind === 'updateDataset' ? [places.changes(input.operationId)] : []),
  ];
  await commit(
    ctx,
    ctx.store.datasets.move(input, [passingDatasetState[input.kind]], {
      set: {
        status: doneDatasetState[input.kind],
        statusMessage:
          folders === 0 ? message : `${message} ${folders} lines that name a folder were left out.`,
        stats,
        generation,
        positions: before.positions + lines,
        updatedAt: ctx.clock.now(),
      },
      remove: ['dueAt'],
    }),
    ctx.store.scheduledDeletions.schedule(deletionId(input), deletionOf(ctx, input, over)),
  );
}

/** Readers see what they saw before; of what was staged nothing is kept. */
export async function fail(ctx: Reach, input: DatasetInput, reason: string): Promise<void> {
  const what =
    input.kind === 'createDataset'
      ? 'The dataset could not be created'
      : 'The dataset could not be updated, and is as it was before';
  await commit(
    ctx,
    ctx.store.datasets.move(input, [passingDatasetState[input.kind]], {
      set: {
        status: failedDatasetState[input.kind],
        statusMessage: `${what}. ${reason}`,
        updatedAt: ctx.clock.now(),
      },
      remove: ['dueAt'],
    }),
    ctx.store.scheduledDeletions.schedule(
      deletionId(input),
      deletionOf(ctx, input, [...staged(input), places.changes(input.operationId)]),
    ),
  );
}

const staged = (input: DatasetInput): string[] => [
  places.entries(stagedBy(input)),
  places.pictures(stagedBy(input)),
];

/** The id's last character is chance, by which due rows are spread. */
const deletionId = ({ attempt, operationId }: DatasetInput): string => `${attempt}-${operationId}`;

/**
 * The operation goes on under a new attempt, which begins anew in a place of its own; what the one before
 * wrote, and whatever it may still be writing, is scheduled for deletion.
 */
export async function takeOverDataset(ctx: SweepContext, key: DatasetKey, until: number): Promise<void> {
  const dataset = await ctx.store.datasets.get(key);
  if (!isDue(dataset, until) || dataset.status !== passingDatasetState[dataset.operation.kind]) return;
  const { kind } = dataset.operation;
  const last = { ...key, v: 1, kind, ...fenceOf(dataset) } as const;
  await takeOver(ctx, dataset, {
    subject: { dataset: datasetId(dataset) },
    items: (operation, dueAt) => [
      ctx.store.datasets.takeOver(dataset, operation, dueAt),
      ctx.store.scheduledDeletions.schedule(deletionId(last), deletionOf(ctx, last, staged(last))),
    ],
    execution: (operation) => datasetExecution({ ...dataset, operation }),
    conclude: (input) =>
      fail(ctx, input, 'It could not be done in time. Try again; if it fails again, look into the log.'),
  });
}
