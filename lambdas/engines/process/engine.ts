import type { Model, Units } from '../../domain/model.ts';
import type { Clock, Log, ObjectStore } from '../../domain/ports.ts';
import {
  EngineFailed,
  NotHosted,
  type DeploymentRef,
  type DeploymentSpec,
  type HostingEngine,
  type ModelImporter,
  type Observation,
} from '../engine.ts';
import type { PictureType, Verdict } from '../../domain/verdict.ts';
import { ArtifactImporter } from '../artifact-importer.ts';
import type { ChildRegistrar } from '../child.ts';
import { ArtifactTooLarge, incompleteArtifact, openArtifact } from '../read-artifact.ts';
import { ArtifactCache } from './artifact-cache.ts';
import { pictureLimits, type PictureLimits } from '../../vision/pictures/limits.ts';
import { Pool } from './pool.ts';
import { defaultPoolOptions, type PoolOptions } from './pool-options.ts';
import { checkArtifact, type TrialPorts } from './trial.ts';
import { startUnit, type UnitProcess } from './unit-process.ts';

export interface EmbeddedEngineOptions {
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly children: ChildRegistrar;
  /**
   * A folder for local copies of artifacts, for this process alone: what it holds is removed at the first
   * use.
   */
  readonly folder: string;
  /** Where copies of imported artifacts are kept. `prefix` is empty or ends with a slash. */
  readonly artifacts: { readonly bucket: string; readonly prefix: string };
  readonly limits?: PictureLimits;
  readonly pool?: Partial<PoolOptions>;
  /** Threads within one picture's inference; 1 unless told, so that units scale on cores. */
  readonly threads?: number;
  /** The Node that units run on; this one unless told. */
  readonly node?: string;
}

export interface EmbeddedEngine extends HostingEngine, ModelImporter {
  /**
   * Resolves when a deployment is no longer `creating`, and after so many milliseconds in any case: whoever
   * waits looks then.
   */
  news(deployment: DeploymentRef, within: number): Promise<void>;
  /** Ends every process, at once. Afterwards the engine hosts nothing and takes no orders. */
  close(): Promise<void>;
}

interface Hosted {
  readonly pool: Pool;
  /** With the artifact's files; another one when they were fetched again. */
  folder: string;
  removing: boolean;
}

/**
 * Hosts models in processes of this machine. It knows only what this process was told: after a restart
 * everything is gone.
 */
export function createEmbeddedEngine(options: EmbeddedEngineOptions): EmbeddedEngine {
  return new ChildProcessEngine(options);
}

class ChildProcessEngine implements EmbeddedEngine {
  readonly #options: EmbeddedEngineOptions;
  readonly #pool: PoolOptions;
  readonly #cache: ArtifactCache;
  readonly #importer: ArtifactImporter;
  readonly #hosted = new Map<string, Hosted>();
  /**
   * Ids that were removed: a create that arrives after its remove does nothing. Thirty bytes each, for the
   * life of the process.
   */
  readonly #removed = new Set<string>();
  /** The last call under way for each id; the next one waits for it. */
  readonly #lines = new Map<string, Promise<unknown>>();
  /** Every process that lives, those on trial too. */
  readonly #units = new Set<UnitProcess>();
  #closed = false;

  constructor(options: EmbeddedEngineOptions) {
    this.#options = options;
    this.#pool = { ...defaultPoolOptions, ...options.pool };
    this.#cache = new ArtifactCache(options.folder);
    const { objects, clock, artifacts } = options;
    const trial: TrialPorts = {
      clock,
      cache: this.#cache,
      trial: this.#pool,
      start: (folder) => this.#start(folder, 'trial', true),
    };
    this.#importer = new ArtifactImporter({
      objects,
      artifacts,
      check: (artifact) => checkArtifact(trial, artifact),
    });
  }

  create(spec: DeploymentSpec): Promise<void> {
    return this.#inLine(spec.id, async () => {
      if (this.#removed.has(spec.id) || this.#hosted.has(spec.id)) return;
      const folder = await this.#load(spec);
      if (this.#closed) {
        await this.#cache.release(folder);
        throw new NotHosted('The host is being stopped.');
      }
      const { clock, log } = this.#options;
      const label = `${spec.model.project}/${spec.model.version}`;
      const pool = new Pool(spec.units, this.#pool, {
        clock,
        log: log.with({ deployment: spec.id, model: label }),
        start: () => this.#start(this.#hosted.get(spec.id)?.folder ?? folder, label),
        renew: () => this.#renew(spec),
      });
      this.#hosted.set(spec.id, { pool, folder, removing: false });
    });
  }

  observe({ id }: DeploymentRef): Promise<Observation> {
    const hosted = this.#hosted.get(id);
    // Sealed: what was removed stays so, and a call of a process before this one died with it.
    if (hosted === undefined)
      return Promise.resolve({ state: 'gone', sealed: this.#removed.has(id) || !this.#lines.has(id) });
    return Promise.resolve(hosted.removing ? { state: 'removing' } : hosted.pool.state);
  }

  async news({ id }: DeploymentRef, within: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => resolve(undefined), within);
    await Promise.race([promise, this.#hosted.get(id)?.pool.decided ?? promise]);
    clearTimeout(timer);
  }

  scale({ id }: DeploymentRef, units: Units): Promise<void> {
    return this.#inLine(id, () => {
      this.#of(id).pool.scale(units);
      return Promise.resolve();
    });
  }

  remove({ id }: DeploymentRef): Promise<void> {
    return this.#inLine(id, () => {
      this.#removed.add(id);
      const hosted = this.#hosted.get(id);
      if (hosted !== undefined && !hosted.removing) {
        hosted.removing = true;
        void hosted.pool
          .drain()
          .then(() => this.#cache.release(hosted.folder))
          .catch((error: unknown) => {
            this.#options.log.warn('The local copy of a model could not be removed', {
              deployment: id,
              folder: hosted.folder,
              error,
            });
          })
          .then(() => this.#hosted.delete(id));
      }
      return Promise.resolve();
    });
  }

  async detect({ id }: DeploymentRef, picture: Uint8Array, type: PictureType): Promise<Verdict> {
    return this.#of(id).pool.judge(picture, type);
  }

  admit(model: Model): ReturnType<ModelImporter['admit']> {
    return this.#importer.admit(model);
  }

  discard(model: Model): Promise<void> {
    return this.#importer.discard(model);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const unit of this.#units) unit.kill('the host is being stopped');
    await Promise.allSettled(this.#lines.values());
    await Promise.all([...this.#hosted.values()].map(({ pool }) => pool.close()));
    await Promise.all([...this.#units].map(({ ended }) => ended));
    this.#hosted.clear();
  }

  #of(id: string): Hosted {
    const hosted = this.#hosted.get(id);
    if (hosted === undefined || hosted.removing) throw new NotHosted('The model is not hosted.');
    return hosted;
  }

  async #load({ artifact: { bucket, prefix } }: DeploymentSpec): Promise<string> {
    try {
      const found = await openArtifact(this.#options.objects, bucket, prefix);
      if (!('missing' in found))
        return await this.#cache.hold({ graph: found.graph, manifest: [found.manifest] });
    } catch (error) {
      if (!(error instanceof ArtifactTooLarge)) throw error;
      throw new EngineFailed(`The model cannot be hosted: ${error.message}. Import it again.`);
    }
    throw incompleteArtifact(bucket, prefix);
  }

  /** Fetches the artifact again, for units that cannot load what is here. @throws as `#load` */
  #renew(spec: DeploymentSpec): Promise<void> {
    return this.#inLine(spec.id, async () => {
      const hosted = this.#hosted.get(spec.id);
      if (hosted === undefined || hosted.removing) return;
      const before = hosted.folder;
      hosted.folder = await this.#load(spec);
      await this.#cache.release(before);
    });
  }

  #start(folder: string, label: string, check = false): UnitProcess {
    const { limits = pictureLimits, threads = 1, children, node } = this.#options;
    const unit = startUnit({ folder, limits, threads, ...(check && { check }) }, label, children, node);
    this.#units.add(unit);
    void unit.ended.then(() => this.#units.delete(unit));
    if (this.#closed) unit.kill('the host is being stopped');
    return unit;
  }

  /** Runs the calls for one id one after the other. */
  #inLine<T>(id: string, call: () => Promise<T>): Promise<T> {
    const turn = (this.#lines.get(id) ?? Promise.resolve()).then(call, call);
    this.#lines.set(id, turn);
    const leave = (): void => {
      if (this.#lines.get(id) === turn) this.#lines.delete(id);
    };
    turn.then(leave, leave);
    return turn;
  }
}
