import fc from 'fast-check';
import type { Fault } from './gate.ts';

/** A history is a list of these: plain data, so that one that fails can be shrunk, printed and replayed. `pick` chooses among what there is. */
export type Command =
  | { readonly do: 'call'; readonly operation: CallName; readonly project: number; readonly version: number; readonly token: number; readonly units: number; readonly skew: number; readonly finish: boolean }
  /** One request of somebody is let through, or meets with a fault. */
  | { readonly do: 'step'; readonly pick: number; readonly fault: Fault }
  /** Somebody gets to the end undisturbed. */
  | { readonly do: 'finish'; readonly pick: number }
  /** An execution begins its next task; time passes until it may. `finish`: and ends it. */
  | { readonly do: 'task'; readonly pick: number; readonly skew: number; readonly finish: boolean }
  /** A function ends in the middle; what it had sent may still arrive. */
  | { readonly do: 'kill'; readonly pick: number; readonly late: boolean }
  | { readonly do: 'arrive'; readonly pick: number }
  /** A task gets as far as an order to the engine, and ends there: the order is on its way. */
  | { readonly do: 'strand'; readonly pick: number; readonly skew: number }
  | { readonly do: 'abort'; readonly pick: number }
  | { readonly do: 'sweep'; readonly skew: number; readonly finish: boolean }
  | { readonly do: 'time'; readonly seconds: number }
  | { readonly do: 'engine'; readonly pick: number; readonly event: 'ready' | 'failed' | 'updating' | 'gone' | 'vanish' }
  | { readonly do: 'mood'; readonly born: 'ready' | 'creating' | 'failed'; readonly slowRemoval: boolean; readonly admission: 'yes' | 'no' | 'pending' }
  | { readonly do: 'restart' };

export const callNames = [
  'CreateProject', 'DeleteProject', 'ImportModel', 'StartModel', 'StopModel', 'DeleteModel', 'DescribeModel', 'DetectAnomalies', 'TagResource', 'ListModels',
] as const;
export type CallName = (typeof callNames)[number];

const pick = fc.nat({ max: 30 });
const skew = fc.constantFrom(0, 0, 0, -3000, 3000);
const mostlyNone = fc.oneof({ weight: 8, arbitrary: fc.constant<Fault>('none') }, { weight: 3, arbitrary: fc.constantFrom<Fault>('conflict', 'fail', 'lose') });

const call = fc.record({
  do: fc.constant('call' as const),
  operation: fc.oneof(
    { weight: 5, arbitrary: fc.constant<CallName>('StartModel') }, { weight: 4, arbitrary: fc.constant<CallName>('StopModel') },
    { weight: 6, arbitrary: fc.constantFrom(...callNames) },
  ),
  project: fc.nat({ max: 1 }),
  /** 0 is `latest` where there is one. */
  version: fc.nat({ max: 3 }),
  /** 0 is none. */
  token: fc.nat({ max: 5 }),
  units: fc.integer({ min: 1, max: 3 }),
  skew,
  finish: fc.boolean(),
});

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 7, arbitrary: call },
  { weight: 12, arbitrary: fc.record({ do: fc.constant('step' as const), pick, fault: mostlyNone }) },
  { weight: 7, arbitrary: fc.record({ do: fc.constant('finish' as const), pick }) },
  { weight: 10, arbitrary: fc.record({ do: fc.constant('task' as const), pick, skew, finish: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('kill' as const), pick, late: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('arrive' as const), pick }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('strand' as const), pick, skew }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('abort' as const), pick }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('sweep' as const), skew, finish: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('time' as const), seconds: fc.constantFrom(1, 5, 20, 58, 61, 65, 130, 700, 30_000) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('engine' as const), pick, event: fc.constantFrom('ready', 'ready', 'failed', 'updating', 'gone', 'vanish') }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('mood' as const), born: fc.constantFrom('ready', 'creating', 'creating', 'failed'), slowRemoval: fc.boolean(),
      admission: fc.constantFrom('yes', 'yes', 'yes', 'no', 'pending'),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'restart' as const }) },
);

export interface History {
  /** `aws`: an engine elsewhere, functions with time limits. `laptop`: one process, with whose end the engine's state and every function end. */
  readonly on: 'aws' | 'laptop';
  readonly commands: readonly Command[];
}

export const histories: fc.Arbitrary<History> = fc.record({
  on: fc.constantFrom('aws', 'laptop'),
  commands: fc.array(command, { minLength: 20, maxLength: 110, size: 'max' }),
});
