import type { Model } from '../../../lambdas/domain/model.ts';
import type { Admission } from '../../../lambdas/engines/engine.ts';
import { MemoryObjects } from '../../helpers/artifacts.ts';
import { ScriptedEngine } from '../../helpers/scripted-engine.ts';

const file = Buffer.from('a model');

/**
 * An engine that also keeps a copy of each model that it admits, and lets go of what a training made as well.
 */
export class KeepingEngine extends ScriptedEngine {
  readonly copies = new Set<string>();
  readonly #objects: MemoryObjects;
  readonly #endTraining: (model: Model) => void;

  constructor(objects: MemoryObjects, endTraining: (model: Model) => void) {
    super();
    this.#objects = objects;
    this.#endTraining = endTraining;
  }

  override async admit(model: Model): Promise<Admission> {
    const admission = await super.admit(model);
    if (admission.admitted !== true) return admission;
    const artifact = { bucket: 'artifacts', prefix: `copies/${model.project}/${model.version}/` };
    await this.#objects.write({ bucket: artifact.bucket, key: `${artifact.prefix}model.onnx` }, file);
    this.copies.add(`${model.project}/${model.version}`);
    return { ...admission, artifact };
  }

  override async discard(model: Model): Promise<void> {
    await super.discard(model);
    if (Object.keys(model.source).length === 0) {
      this.#endTraining(model);
      await this.#objects.removeAll('artifacts', `${model.project}/${model.version}-`);
    }
    await this.#objects.removeAll('artifacts', `copies/${model.project}/${model.version}/`);
    this.copies.delete(`${model.project}/${model.version}`);
  }
}
