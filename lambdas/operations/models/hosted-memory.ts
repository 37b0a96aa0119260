import { modelId, type ModelKey } from '../../domain/model.ts';
import type { DeploymentRef } from '../../engines/engine.ts';

/** For how long a hosted model is believed to be hosted without looking, in milliseconds. */
const lifetime = 5000;

/** So many models are remembered by one process; beyond that it starts afresh. */
const size = 1000;

/**
 * Which deployments served a moment ago. Only those: a model that is not hosted is looked up every time, for
 * it may be any moment.
 */
export class HostedMemory {
  readonly #known = new Map<string, { readonly ref: DeploymentRef; readonly until: number }>();

  recall(model: ModelKey, now: number): DeploymentRef | undefined {
    const known = this.#known.get(modelId(model));
    return known !== undefined && known.until > now ? known.ref : undefined;
  }

  remember(model: ModelKey, ref: DeploymentRef, now: number): void {
    if (this.#known.size >= size) this.#known.clear();
    this.#known.set(modelId(model), { ref, until: now + lifetime });
  }

  forget(model: ModelKey): void {
    this.#known.delete(modelId(model));
  }
}
