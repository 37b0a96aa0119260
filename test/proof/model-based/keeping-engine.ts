import type { Model } from '../../../lambdas/domain/model.ts';
import type { Admission } from '../../../lambdas/hosting/engine.ts';
import { ScriptedEngine } from '../../helpers/scripted-engine.ts';

/** An engine that also keeps a copy of each model that it admits. */
export class KeepingEngine extends ScriptedEngine {
  readonly copies = new Set<string>();
  override async admit(model: Model): Promise<Admission> {
    const admission = await super.admit(model);
    if (admission.admitted === true) this.copies.add(`${model.project}/${model.version}`);
    return admission;
  }
  override async discard(model: Model): Promise<void> {
    await super.discard(model);
    this.copies.delete(`${model.project}/${model.version}`);
  }
}
