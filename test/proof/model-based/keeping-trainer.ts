import type { Model } from '../../../lambdas/domain/model.ts';
import { EngineFailed } from '../../../lambdas/engines/engine.ts';
import type { TrainingRef, TrainingSpec } from '../../../lambdas/engines/trainer.ts';
import type { MemoryObjects } from '../../helpers/artifacts.ts';
import { ScriptedTrainer } from '../../helpers/scripted-trainer.ts';

/** What becomes of trainings that begin now. */
export type Fate = 'done' | 'running' | 'failed' | 'refused';

/**
 * A trainer that keeps what it makes, and names: what was ended is never begun again, as with jobs of
 * SageMaker.
 */
export class KeepingTrainer extends ScriptedTrainer {
  fate: Fate = 'done';
  readonly specs = new Map<string, TrainingSpec>();
  /** Whoever was refused once is refused for ever. */
  readonly #refused = new Set<string>();
  readonly #ended = new Set<string>();
  readonly #files: MemoryObjects;

  constructor(objects: MemoryObjects) {
    super(objects);
    this.#files = objects;
  }

  override async start(spec: TrainingSpec): Promise<void> {
    if (this.fate === 'refused' && !this.specs.has(spec.id)) this.#refused.add(spec.id);
    if (this.#refused.has(spec.id)) throw new EngineFailed('The pictures differ in size.');
    if (this.#ended.has(spec.id)) return;
    this.specs.set(spec.id, spec);
    this.born =
      this.fate === 'failed'
        ? { state: 'failed', reason: 'The pictures are all alike.' }
        : this.fate === 'running'
          ? { state: 'running' }
          : 'done';
    await super.start(spec);
  }

  override async finish(spec: TrainingSpec): Promise<void> {
    await super.finish(spec);
    await this.#files.write(
      { bucket: spec.workspace.bucket, key: `${spec.workspace.prefix}model.onnx` },
      Buffer.from(`trained by ${spec.id}`),
    );
  }

  override async stop(training: TrainingRef): Promise<void> {
    await super.stop(training as TrainingSpec);
    this.#ended.add(training.id);
  }

  /** With the version, as the importer of the same engine does it. */
  end({ project, version, createdAt }: Model): void {
    for (const [id, { model }] of this.specs) {
      if (model.project !== project || model.version !== version || model.createdAt !== createdAt) continue;
      this.jobs.delete(id);
      this.#ended.add(id);
    }
  }

  get atWork(): Set<string> {
    return new Set([...this.jobs].filter(([, { state }]) => state === 'running').map(([id]) => id));
  }

  /** Of what it is doing, as when its process ends. What has ended left files. */
  forgetWork(): void {
    for (const id of this.atWork) this.jobs.delete(id);
  }
}
