import type { Answer, Input, OperationName, Profile, Served } from '../contract/operations.ts';
import type { Cause } from '../domain/run.ts';
import type { Clock, Ids, Log, ObjectStore, ObjectUrls, WorkflowRunner } from '../domain/ports.ts';
import type { Settings } from '../domain/settings.ts';
import type { HostingEngine } from '../engines/engine.ts';
import type { Store } from '../store/store.ts';
import type { HostedMemory } from './models/hosted-memory.ts';

/** What an operation of each profile may use; a profile's role has the rights for this and nothing else. */
export interface ReadContext {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly store: Store;
  readonly log: Log;
  /** Absent where the host lends each caller's own right: then the call brings it. */
  readonly urls?: ObjectUrls;
}

export interface WriteContext extends ReadContext {
  readonly ids: Ids;
  readonly runner: WorkflowRunner;
  /**
   * Absent where the caller's side has no rights in S3: then a missing bucket is found when it is written to.
   */
  readonly objects?: Pick<ObjectStore, 'hasBucket'>;
}

export interface DetectContext extends ReadContext {
  readonly engine: Pick<HostingEngine, 'detect'>;
  readonly hosted: HostedMemory;
}

export interface Contexts {
  readonly read: ReadContext;
  readonly write: WriteContext;
  readonly detect: DetectContext;
}

/** What a caller can reach, as names with `*` for anything. */
export interface Reach {
  readonly projects: readonly string[];
  readonly buckets: readonly string[];
}

/** What a call brings besides its parameters. */
export interface Call {
  readonly requestId: string;
  /** Who asks, as an ARN or a name: it goes into the record of what was done. */
  readonly caller: string;
  /** The network address that the request came from, where it is known. */
  readonly address?: string;
  /** Why a hosting policy makes the call; absent where a caller does. */
  readonly because?: { readonly cause?: Cause; readonly message: string; readonly runId?: string };
  /** Only tells what it would do: an operation whose row has a `dryRun` obeys. */
  readonly dryRun?: true;
  /** Absent: everything that the deployment has; IAM has decided. */
  readonly reach?: Reach;
  /** URLs with the rights of the caller. Absent: with those of the deployment. */
  readonly urls?: ObjectUrls;
  readonly log: Log;
}

type ContextOf<N extends OperationName> = {
  [P in Profile]: N extends Served<P> ? Contexts[P] : never;
}[Profile];

/**
 * No event, no status code: parameters that are valid by the contract in, the answer's members out, or a
 * ServiceError thrown.
 */
export type Operation<N extends OperationName> = (
  input: Input<N>,
  ctx: ContextOf<N>,
  call: Call,
) => Promise<Answer<N>>;

/** A row without a handler, or a handler without a row, does not compile. */
export type Handlers<P extends Profile = Profile> = { readonly [N in Served<P>]: Operation<N> };
