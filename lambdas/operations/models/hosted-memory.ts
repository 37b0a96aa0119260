import { modelId, type ModelKey } from '../../domain/model.ts';
import type { DeploymentRef } from '../../engines/engine.ts';

/** For how long a hosted model is believed to be hosted without looking, in milliseconds. */
const lifetime = 5000;

/** For how long a use that was noted covers those after it, in milliseconds. */
const noted = 60_000;

/** So many models are remembered by one process; beyond that it starts afresh. */
const size = 1000;

/**
 * Which deployments served a moment ago. Only those: a model that is not hosted is looked up every time, for
 * it may be any moment.
 */
export class HostedMemory {
  readonly #known = new Map<string, { readonly ref: DeploymentRef; readonly until: number }>();

  readonly #noted = new Map<string, number>();

  recall(model: ModelKey, now: number): DeploymentRef | undefined {
    const known = this.#known.get(modelId(model));
    return known !== undefined && known.until > now ? known.ref : undefined;
  }

  remember(model: ModelKey, ref: DeploymentRef, now: number): void {
    if (this.#known.size >= size) this.#known.clear();
    this.#known.set(modelId(model), { ref, until: now + lifetime });
  }

  /** Whether a use of a deployment is to be noted now: once a minute. */
  notes({ id }: DeploymentRef, now: number): boolean {
    const last = this.#noted.get(id);
    if (last !== undefined && now - last < noted && now >= last) return false;
    if (this.#noted.size >= size) this.#noted.clear();
    this.#noted.set(id, now);
    return true;
  }

  forget(model: ModelKey): void {
    this.#known.delete(modelId(model));
  }
}
