import { operations } from '../operations.ts';
import { shapeNamed } from './reach.ts';

interface Wait {
  readonly operation: string;
  /** Where the status is in the operation's answer. */
  readonly status: string;
  readonly statusShape: string;
  readonly success: readonly string[];
  /** What passes by itself. Every status that is in neither list is a failure. */
  readonly passing: readonly string[];
  /** Seconds. */
  readonly delay: number;
  readonly maxAttempts: number;
}

const model = {
  operation: 'DescribeModel',
  status: 'ModelDescription.Status',
  statusShape: 'ModelStatus',
} as const;

/** The original had no waiters, so every client has a loop of its own; these are those loops, with an end. */
const waits: Readonly<Record<string, Wait>> = {
  /** Whatever comes after training is proof of it. */
  ModelTrained: {
    ...model,
    success: [
      'TRAINED',
      'STARTING_HOSTING',
      'HOSTED',
      'HOSTING_FAILED',
      'STOPPING_HOSTING',
      'SYSTEM_UPDATING',
    ],
    passing: ['TRAINING'],
    delay: 30,
    maxAttempts: 2880,
  },
  ModelHosted: {
    ...model,
    success: ['HOSTED'],
    passing: ['STARTING_HOSTING', 'SYSTEM_UPDATING'],
    delay: 5,
    maxAttempts: 720,
  },
  ModelStopped: { ...model, success: ['TRAINED'], passing: ['STOPPING_HOSTING'], delay: 5, maxAttempts: 720 },
  DatasetReady: {
    operation: 'DescribeDataset',
    status: 'DatasetDescription.Status',
    statusShape: 'DatasetStatus',
    success: ['CREATE_COMPLETE', 'UPDATE_COMPLETE'],
    passing: ['CREATE_IN_PROGRESS', 'UPDATE_IN_PROGRESS', 'UPDATE_FAILED_ROLLBACK_IN_PROGRESS'],
    delay: 5,
    maxAttempts: 720,
  },
};

interface Acceptor {
  readonly matcher: 'path';
  readonly argument: string;
  readonly expected: string;
  readonly state: 'success' | 'failure';
}

interface Waiter {
  readonly operation: string;
  readonly delay: number;
  readonly maxAttempts: number;
  readonly acceptors: readonly Acceptor[];
}

/**
 * `waiters-2.json`, for the operations that the contract has. A status that nobody placed fails this, and its
 * test, rather than a wait.
 */
export const waiters = (): { readonly version: 2; readonly waiters: Readonly<Record<string, Waiter>> } => ({
  version: 2,
  waiters: Object.fromEntries(
    Object.entries(waits)
      .filter(([, { operation }]) => operation in operations)
      .map(([name, wait]) => [name, waiter(name, wait)]),
  ),
});

function waiter(
  name: string,
  { operation, status, statusShape, success, passing, delay, maxAttempts }: Wait,
): Waiter {
  const shape = shapeNamed(statusShape);
  const statuses = shape.type === 'string' ? (shape.enum ?? []) : [];
  const unknown = [...success, ...passing].filter((each) => !statuses.includes(each));
  if (unknown.length > 0)
    throw new Error(`${name} waits for what ${statusShape} does not have: ${unknown.join(', ')}.`);
  const acceptor =
    (state: Acceptor['state']) =>
    (expected: string): Acceptor => ({ matcher: 'path', argument: status, expected, state });
  return {
    operation,
    delay,
    maxAttempts,
    acceptors: [
      ...success.map(acceptor('success')),
      ...statuses
        .filter((each) => !success.includes(each) && !passing.includes(each))
        .map(acceptor('failure')),
    ],
  };
}
