import fc from 'fast-check';
import type { Fault } from './gate.ts';
import type { Fate } from './keeping-trainer.ts';

/**
 * A history is a list of these: plain data, so that one that fails can be shrunk, printed and replayed.
 * `pick` chooses among what there is.
 */
export type Command =
  | {
      readonly do: 'call';
      readonly operation: CallName;
      readonly project: number;
      readonly version: number;
      readonly token: number;
      readonly units: number;
      readonly body?: number;
      readonly skew: number;
      readonly finish: boolean;
    }
  /** One request of somebody is let through, or meets with a fault. */
  | { readonly do: 'step'; readonly pick: number; readonly fault: Fault }
  /** Somebody gets to the end undisturbed. */
  | { readonly do: 'finish'; readonly pick: number }
  /** An execution begins its next task; time passes until it may. `finish`: and ends it. */
  | { readonly do: 'task'; readonly pick: number; readonly skew: number; readonly finish: boolean }
  /** An execution gets to its end undisturbed. */
  | { readonly do: 'run'; readonly pick: number }
  /** A function ends in the middle; what it had sent may still arrive. */
  | { readonly do: 'kill'; readonly pick: number; readonly late: boolean }
  | { readonly do: 'arrive'; readonly pick: number }
  /**
   * A task gets as far as an order to the engine or the trainer, or a line of a dataset, and ends there: the
   * order is on its way.
   */
  | { readonly do: 'strand'; readonly pick: number; readonly skew: number }
  /**
   * A task comes to lines, and to nothing more for almost half a minute: it has time for one of them, and
   * says where to go on.
   */
  | { readonly do: 'slow'; readonly pick: number }
  | { readonly do: 'abort'; readonly pick: number }
  | { readonly do: 'sweep'; readonly skew: number; readonly finish: boolean }
  | { readonly do: 'time'; readonly seconds: number }
  | {
      readonly do: 'engine';
      readonly pick: number;
      readonly event: 'ready' | 'failed' | 'updating' | 'gone' | 'vanish';
    }
  | {
      readonly do: 'mood';
      readonly born: 'ready' | 'creating' | 'failed';
      readonly slowRemoval: boolean;
      readonly admission: 'yes' | 'no' | 'pending';
    }
  | { readonly do: 'trainer'; readonly pick: number; readonly event: 'done' | 'failed' | 'forget' }
  | { readonly do: 'fate'; readonly fate: Fate }
  | { readonly do: 'restart' };

const hostingCalls = [
  'CreateProject',
  'DeleteProject',
  'ImportModel',
  'StartModel',
  'StopModel',
  'DeleteModel',
  'DescribeModel',
  'DetectAnomalies',
  'TagResource',
  'ListModels',
] as const;
const learningCalls = [
  'CreateDataset',
  'UpdateDatasetEntries',
  'DeleteDataset',
  'DescribeDataset',
  'ListDatasetEntries',
  'CreateModel',
  'StartModelPackagingJob',
  'DescribeModelPackagingJob',
  'ListModelPackagingJobs',
  'DescribeProject',
  'ListProjects',
  'UntagResource',
  'ListTagsForResource',
] as const;
export type CallName = (typeof hostingCalls | typeof learningCalls)[number];

const pick = fc.nat({ max: 30 });
const skew = fc.constantFrom(0, 0, 0, -3000, 3000);
const mostlyNone = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Fault>('none') },
  { weight: 3, arbitrary: fc.constantFrom<Fault>('conflict', 'fail', 'lose') },
);

const often = (weight: number, ...names: readonly CallName[]) => ({
  weight,
  arbitrary: fc.constantFrom(...names),
});

/** Every history may make every call; what it makes most is what its beginning is for. */
const calls = {
  hosting: fc.oneof(
    often(5, 'StartModel'),
    often(4, 'StopModel'),
    often(6, ...hostingCalls),
    often(2, ...learningCalls),
  ),
  learning: fc.oneof(
    often(5, 'UpdateDatasetEntries'),
    often(4, 'CreateModel'),
    often(2, 'CreateDataset', 'DeleteDataset'),
    often(3, 'StartModelPackagingJob'),
    often(2, 'ListDatasetEntries'),
    often(4, ...learningCalls),
    often(4, 'DeleteModel', 'DeleteProject', 'CreateProject', ...hostingCalls),
  ),
};

const callOf = (about: History['about']) =>
  fc.record({
    do: fc.constant('call' as const),
    operation: calls[about],
    project: about === 'hosting' ? fc.nat({ max: 1 }) : fc.constantFrom(0, 0, 0, 0, 0, 1),
    /** 0 is `latest` where there is one; 3 is the test dataset. */
    version: about === 'hosting' ? fc.nat({ max: 3 }) : fc.constantFrom(0, 1, 1, 1, 1, 2, 2, 3),
    /** 0 is none. */
    token: fc.nat({ max: 5 }),
    units: fc.integer({ min: 1, max: 3 }),
    /** Which lines. */
    body: fc.nat({ max: 4 }),
    skew,
    finish: fc.boolean(),
  });

const commandOf = (about: History['about']): fc.Arbitrary<Command> =>
  fc.oneof(
    { weight: about === 'hosting' ? 7 : 10, arbitrary: callOf(about) },
    { weight: 12, arbitrary: fc.record({ do: fc.constant('step' as const), pick, fault: mostlyNone }) },
    { weight: 7, arbitrary: fc.record({ do: fc.constant('finish' as const), pick }) },
    {
      weight: 10,
      arbitrary: fc.record({ do: fc.constant('task' as const), pick, skew, finish: fc.boolean() }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('kill' as const), pick, late: fc.boolean() }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('arrive' as const), pick }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('strand' as const), pick, skew }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('abort' as const), pick }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('sweep' as const), skew, finish: fc.boolean() }) },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('time' as const),
        seconds: fc.constantFrom(1, 5, 20, 58, 61, 65, 130, 700, 30_000),
      }),
    },
    ...(about === 'learning'
      ? [
          { weight: 4, arbitrary: fc.record({ do: fc.constant('run' as const), pick }) },
          { weight: 2, arbitrary: fc.record({ do: fc.constant('slow' as const), pick }) },
          {
            weight: 2,
            arbitrary: fc.record({
              do: fc.constant('trainer' as const),
              pick,
              event: fc.constantFrom<'done' | 'failed' | 'forget'>('done', 'done', 'failed', 'forget'),
            }),
          },
          {
            weight: 1,
            arbitrary: fc.record({
              do: fc.constant('fate' as const),
              fate: fc.constantFrom<Fate>('done', 'done', 'running', 'running', 'failed', 'refused'),
            }),
          },
        ]
      : [
          {
            weight: 3,
            arbitrary: fc.record({
              do: fc.constant('engine' as const),
              pick,
              event: fc.constantFrom<'ready' | 'failed' | 'updating' | 'gone' | 'vanish'>(
                'ready',
                'ready',
                'failed',
                'updating',
                'gone',
                'vanish',
              ),
            }),
          },
          {
            weight: 2,
            arbitrary: fc.record({
              do: fc.constant('mood' as const),
              born: fc.constantFrom<'ready' | 'creating' | 'failed'>(
                'ready',
                'creating',
                'creating',
                'failed',
              ),
              slowRemoval: fc.boolean(),
              admission: fc.constantFrom<'yes' | 'no' | 'pending'>('yes', 'yes', 'yes', 'no', 'pending'),
            }),
          },
        ]),
    { weight: 1, arbitrary: fc.constant({ do: 'restart' as const }) },
  );

export interface History {
  /**
   * `aws`: an engine elsewhere, functions with time limits. `laptop`: one process, with whose end the
   * engine's state and every function end. `lambda` and `onDemand`: as `aws`, with the engine, the importer and
   * the trainer of Lambda; each of their calls is a step.
   */
  readonly on: 'aws' | 'laptop' | 'lambda' | 'onDemand';
  /** What is there when it begins: models that can be started, or a dataset that can be learnt from. */
  readonly about: 'hosting' | 'learning';
  readonly commands: readonly Command[];
}

const historyOf = (about: History['about']): fc.Arbitrary<History> =>
  fc.record({
    on: fc.constantFrom('aws', 'laptop', 'lambda', 'lambda', 'onDemand'),
    about: fc.constant(about),
    commands: fc.array(commandOf(about), { minLength: 20, maxLength: 110, size: 'max' }),
  });

export const histories: fc.Arbitrary<History> = fc.oneof(historyOf('hosting'), historyOf('learning'));
