import type {
  Artifact,
  ArtifactFormat,
  Deployment,
  Evaluation,
  Model,
  ModelKey,
  ModelSource,
  Units,
} from '../domain/model.ts';
import type { PictureType, Verdict } from '../domain/verdict.ts';

/** What an engine needs to know of a deployment to make or find its resources. */
export interface DeploymentRef {
  /** The deployment's id. Names of the engine's resources are made from it alone. */
  readonly id: string;
  readonly model: ModelKey;
  /** Of what it hosts, where that is known: a stage may have an engine for each. */
  readonly format?: ArtifactFormat;
}

export interface DeploymentSpec extends DeploymentRef {
  readonly units: Units;
  readonly source: ModelSource;
  readonly artifact: Artifact;
}

/**
 * What an engine reports: a level, never an event, so that a look that was missed costs nothing.
 * - `creating`: on its way, not yet serving
 * - `ready`: serving; `note` says what is unusual about it
 * - `updating`: serving, but the engine's owner is maintaining it and it can be neither changed nor removed
 * - `failed`: it will never serve; `reason` is already a remedy that a user can act on; `quota` says that the
 *   account has no room for it
 * - `removing`: on its way out; an engine may need `remove` again before it is `gone`
 * - `gone`: the engine does not know it. `sealed`: nor can a call that is still on its way bring it about.
 */
export type Observation =
  | { readonly state: 'creating'; readonly note?: string }
  | { readonly state: 'ready' | 'updating'; readonly note?: string; readonly unitsInService?: number }
  | { readonly state: 'failed'; readonly reason: string; readonly quota?: boolean }
  | { readonly state: 'removing'; readonly note?: string }
  | { readonly state: 'gone'; readonly sealed: boolean };

/**
 * Where models run. Tasks are delivered at least once, so for every call repeating is success: creating what
 * exists, scaling to what is, removing what is gone. `create` and `remove` return when the engine has taken
 * the order, not when it is carried out: `observe` tells.
 */
export interface HostingEngine {
  /** @throws EngineFailed if the engine will never host this; anything else is worth another try */
  create(spec: DeploymentSpec): Promise<void>;
  observe(deployment: DeploymentRef): Promise<Observation>;
  /**
   * Lets the units in service follow demand between `min` and `max`. Without `max` there is nothing to scale.
   */
  scale(deployment: DeploymentRef, units: Units): Promise<void>;
  remove(deployment: DeploymentRef): Promise<void>;
  /** @throws PictureRefused, EngineBusy, NotHosted, or anything else for a failure of the engine's own */
  detect(deployment: DeploymentRef, picture: Uint8Array, type: PictureType): Promise<Verdict>;
}

/**
 * What came of checking a model that was trained elsewhere. `pending` says that the engine is at work on it:
 * ask again, as often as it takes.
 */
export type Admission =
  | {
      readonly admitted: true;
      readonly artifact: Artifact;
      readonly evaluation: Evaluation;
    }
  | { readonly admitted: 'pending'; readonly note: string }
  | { readonly admitted: false; readonly reason: string };

/** Takes in models for an engine, and lets them go. Repeating is success, as above. */
export interface ModelImporter {
  /**
   * Checks whether the engine can host what `source` names and keeps a copy of it, so that later changes at
   * the source harm nothing.
   */
  admit(model: Model): Promise<Admission>;
  /** Removes whatever `admit` left. */
  discard(model: Model): Promise<void>;
}

/** The engine will never host this deployment. The message is a remedy that a user can act on. */
export class EngineFailed extends Error {
  override readonly name = 'EngineFailed';
  /** Whether it is the account that has no room for another unit. */
  readonly quota: boolean;

  constructor(message: string, { quota = false, ...options }: ErrorOptions & { quota?: boolean } = {}) {
    super(message, options);
    this.quota = quota;
  }
}

/** Every unit is at work and the queue is full. */
export class EngineBusy extends Error {
  override readonly name = 'EngineBusy';
  readonly retryAfter: number;
  /** @param retryAfter whole seconds */
  constructor(message: string, retryAfter = 1) {
    super(message);
    this.retryAfter = retryAfter;
  }
}

/** The engine does not serve this deployment (any more, or yet). */
export class NotHosted extends Error {
  override readonly name = 'NotHosted';
}

export const refOf = ({
  id,
  project,
  version,
  format,
}: Pick<Deployment, 'id' | 'project' | 'version' | 'format'>): DeploymentRef => ({
  id,
  model: { project, version },
  ...(format !== undefined && { format }),
});
