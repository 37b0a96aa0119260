import type { EventCode } from '../contract/events.ts';
import type { DatasetOperationKind, DatasetType } from './dataset.ts';
import type { OperationKind } from './lifecycle.ts';
import type { ModelKey, Units } from './model.ts';
import type { Cause } from './run.ts';
import type { SubjectOf, WorkflowName } from './workflows.ts';
import { locationUrl } from './locations.ts';

/** What the code needs of the world besides its table. A laptop and AWS differ behind these. */

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  sleep(milliseconds: number): Promise<void>;
}

export interface Ids {
  /**
   * A new id: 25 characters of [a-z0-9], ordered by the time of making, so that it fits into every name that
   * is built on it.
   */
  next(): string;
}

/**
 * What keeps the rows does not answer, or its files are gone. Callers are told to try again (503); tasks are
 * retried as after any failure that nobody foresaw.
 */
export class StorageUnavailable extends Error {
  override readonly name = 'StorageUnavailable';
  constructor(cause: unknown) {
    super(`the storage is not available: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

/** An object in a bucket. Keys never begin with a slash. */
export interface ObjectLocation {
  readonly bucket: string;
  readonly key: string;
}

/**
 * The store cannot, or must not, hold an object of this name. The message names the location and the rule.
 */
export class LocationRefused extends Error {
  override readonly name = 'LocationRefused';
  constructor(location: ObjectLocation, rule: string) {
    super(`${locationUrl(location)}: ${rule}`);
  }
}

export interface ObjectStream {
  /**
   * Another tag is another content: who reads in several goes learns from it that the object was replaced
   * meanwhile.
   */
  readonly tag: string;
  readonly bytes: AsyncIterable<Uint8Array>;
}

export interface ObjectStore {
  /**
   * @returns the object's bytes, or undefined if there is no such object
   * @throws LocationRefused, as every call here for a location that will never be served
   */
  read(location: ObjectLocation): Promise<Uint8Array | undefined>;
  /**
   * For objects of any size: their bytes as they arrive.
   * @param from how many bytes to leave out at the beginning: fewer than there are, for S3 refuses to read
   *   from an object's end on
   * @returns undefined if there is no such object
   * @throws LocationRefused, also for a version where the store keeps none
   */
  stream(
    location: ObjectLocation & { readonly versionId?: string },
    from?: number,
  ): Promise<ObjectStream | undefined>;
  write(location: ObjectLocation, bytes: Uint8Array): Promise<void>;
  /** The keys that begin with `prefix`, in S3's order. None, if there is no such bucket. */
  list(bucket: string, prefix: string): AsyncIterable<string>;
  /** Removes every object whose key begins with `prefix`. Removing what is not there is success. */
  removeAll(bucket: string, prefix: string): Promise<void>;
  /** Where a person looks for an object, in words, if that is another place than its URL says. */
  placeOf?(location: ObjectLocation): string;
  /** Whether there is such a bucket, where that can be known without asking anybody. */
  hasBucket?(bucket: string): Promise<boolean>;
}

export interface UrlRequest extends ObjectLocation {
  readonly method: 'GET' | 'PUT';
  /** Seconds for which the URL is good. */
  readonly seconds: number;
  /** What is sent along must be this, by lower-case name. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** URLs by which whoever has no credentials for the object store reads or writes one object, for a while. */
export interface ObjectUrls {
  /** @throws AccessDeniedError where whose right is lent has none */
  presign(request: UrlRequest): Promise<string>;
}

/**
 * An object that was not found, as messages name it: its URL, and the file that it would be on a local host.
 */
export function nameOf(objects: Pick<ObjectStore, 'placeOf'>, location: ObjectLocation): string {
  const url = locationUrl(location);
  return objects.placeOf === undefined ? url : `${url} (${objects.placeOf(location)})`;
}

interface Delivery {
  readonly v: 1;
  readonly project: string;
  readonly operationId: string;
  readonly attempt: number;
}

export interface ModelInput extends Delivery {
  readonly kind: OperationKind;
  readonly version: string;
}

export interface DatasetInput extends Delivery {
  readonly kind: DatasetOperationKind;
  readonly type: DatasetType;
}

export interface PackagingInput extends Delivery {
  readonly kind: 'package';
  readonly job: string;
}

/** What an execution is given, by what its operation changes. */
interface SubjectInputs {
  readonly model: ModelInput;
  readonly dataset: DatasetInput;
  readonly job: PackagingInput;
}

/**
 * What each workflow is given: a function of a row alone, so that a repeated delivery is the same delivery.
 */
export type WorkflowInputs = { readonly [W in WorkflowName]: SubjectInputs[SubjectOf<W>] };

export type ExecutionInput = WorkflowInputs[WorkflowName];

/** `name` is unique for 90 days, as in Step Functions, and has at most 80 characters. */
export type Execution = {
  [W in WorkflowName]: { readonly workflow: W; readonly name: string; readonly input: WorkflowInputs[W] };
}[WorkflowName];

export interface WorkflowRunner {
  /**
   * Starts an execution. `exists` says that one of this name is or was there: whoever asked before was heard,
   * so it is no failure.
   * @throws anything else that keeps the execution from starting; the sweep will start it
   */
  start(execution: Execution): Promise<'started' | 'exists'>;
}

/** What the record of an act says: who, and why. */
interface Act {
  readonly actor: string;
  readonly cause: Cause;
}

/** StopModel and StartModel, as a hosting policy calls them. */
export interface ModelControl {
  /** @returns whether this run was stopped; one that is no longer hosted is not */
  stop(model: ModelKey & { readonly runId: string }, act: Act): Promise<boolean>;
  /** @returns why it was not started, in words, or undefined if it was */
  start(
    model: ModelKey & { readonly units: Units },
    act: Omit<Act, 'cause'> & { readonly message: string },
  ): Promise<string | undefined>;
}

export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A line that something depends on; the code says its level and its sentence. */
  event(code: EventCode, fields?: LogFields): void;
  /** A log whose every line carries these fields. */
  with(fields: LogFields): Log;
}
