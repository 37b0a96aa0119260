import type { OperationKind } from './lifecycle.ts';

/** What the code needs of the world besides its table. A laptop and AWS differ behind these. */

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  sleep(milliseconds: number): Promise<void>;
}

export interface Ids {
  /** A new id: 25 characters of [a-z0-9], ordered by the time of making, so that it fits into every name that is built on it. */
  next(): string;
}

/** An object in a bucket. Keys never begin with a slash. */
export interface ObjectLocation {
  readonly bucket: string;
  readonly key: string;
}

/** The store cannot, or must not, hold an object of this name. The message names the location and the rule. */
export class LocationRefused extends Error {
  override readonly name = 'LocationRefused';
  constructor({ bucket, key }: ObjectLocation, rule: string) {
    super(`s3://${bucket}/${key}: ${rule}`);
  }
}

export interface ObjectStore {
  /** @returns the object's bytes, or undefined if there is no such object */
  read(location: ObjectLocation): Promise<Uint8Array | undefined>;
  write(location: ObjectLocation, bytes: Uint8Array): Promise<void>;
  /** Removes every object whose key begins with `prefix`. Removing what is not there is success. */
  removeAll(bucket: string, prefix: string): Promise<void>;
}

export type WorkflowName = 'hosting' | 'importing';

export interface Execution {
  readonly workflow: WorkflowName;
  /** Unique for 90 days, as in Step Functions; at most 80 characters. */
  readonly name: string;
  readonly input: ExecutionInput;
}

/** A function of the model's row alone, so that a repeated delivery is the same delivery. */
export interface ExecutionInput {
  readonly v: 1;
  readonly kind: OperationKind;
  readonly project: string;
  readonly version: string;
  readonly operationId: string;
  readonly attempt: number;
}

export interface WorkflowRunner {
  /**
   * Starts an execution. `exists` says that one of this name is or was there: whoever asked before was heard, so it is no failure.
   * @throws anything else that keeps the execution from starting; the sweep will deliver it
   */
  start(execution: Execution): Promise<'started' | 'exists'>;
}

export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A log whose every line carries these fields. */
  with(fields: LogFields): Log;
}
