import type { Clock, Log, ObjectStore } from '../../domain/ports.ts';
import { TrainingFailed, TrainingStopped } from '../../vision/fitting/failures.ts';
import type { TrainingInput } from '../../vision/fitting/train.ts';
import type { Trainer, TrainingObservation, TrainingRef } from '../trainer.ts';
import { learn } from '../training/learn.ts';
import { noteOf, resultsAt, type StageDone } from '../training/progress.ts';
import type { RunnerOptions } from '../training/training-process.ts';

export interface EmbeddedTrainerOptions {
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly children: NonNullable<RunnerOptions['children']>;
  readonly artifacts: Trainer['artifacts'];
  readonly features?: TrainingInput['features'];
}

export interface EmbeddedTrainer extends Trainer {
  /** Ends what runs; a later host starts it over. */
  close(): Promise<void>;
}

interface Run {
  readonly abort: AbortController;
  over: Promise<void>;
  seen: StageDone;
  /** Why it failed for good; what failed by chance is forgotten, and so `missing`. */
  failure?: string;
}

/**
 * Trains on this machine, each training in a process of its own, from the dataset's pictures in the object
 * store. It keeps in memory only what runs: what has ended is in the workspace, and what was cut off by the
 * end of a host is missing, and starts over.
 */
export function createEmbeddedTrainer(options: EmbeddedTrainerOptions): EmbeddedTrainer {
  const runs = new Map<string, Run>();
  const isTrained = async (spec: TrainingRef): Promise<boolean> =>
    (await options.objects.read(resultsAt(spec))) !== undefined;

  return {
    artifacts: options.artifacts,

    async start(spec) {
      if (runs.has(spec.id) || (await isTrained(spec)) || runs.has(spec.id)) return;
      const run: Run = {
        abort: new AbortController(),
        over: Promise.resolve(),
        seen: { stage: 'reading', done: 0 },
      };
      runs.set(spec.id, run);
      run.over = learn(spec, {
        ...options,
        runner: { children: options.children },
        progress: (stage, done) => {
          run.seen = { stage, done };
        },
        signal: run.abort.signal,
      }).then(
        () => {
          runs.delete(spec.id);
        },
        (error: unknown) => {
          if (error instanceof TrainingFailed) {
            run.failure = error.message;
            if (error.details.length > 0)
              options.log.warn('images do not fit', { training: spec.id, problems: error.details });
          } else runs.delete(spec.id);
          if (!(error instanceof TrainingFailed || error instanceof TrainingStopped))
            options.log.error('a training broke; it starts over', { training: spec.id, error });
        },
      );
    },

    async observe(spec): Promise<TrainingObservation> {
      const run = runs.get(spec.id);
      if (run?.failure !== undefined) return { state: 'failed', reason: run.failure };
      if (run !== undefined) return { state: 'running', note: noteOf(run.seen) };
      return (await isTrained(spec))
        ? { state: 'trained', artifact: { ...spec.workspace, format: 'onnx' }, results: resultsAt(spec) }
        : { state: 'missing' };
    },

    async stop({ id }) {
      const run = runs.get(id);
      run?.abort.abort();
      await run?.over;
      runs.delete(id);
    },

    async close() {
      const all = [...runs.values()];
      for (const { abort } of all) abort.abort();
      await Promise.all(all.map(({ over }) => over));
    },
  };
}
