import type { Evaluation, Model, Units } from '../../lambdas/domain/model.ts';
import {
  NotHosted,
  type Admission,
  type DeploymentRef,
  type DeploymentSpec,
  type HostingEngine,
  type ModelImporter,
  type Observation,
} from '../../lambdas/engines/engine.ts';
import type { PictureType, Verdict } from '../../lambdas/domain/verdict.ts';

export const evaluation: Evaluation = {
  f1Score: 0.9,
  precision: 0.88,
  recall: 0.92,
  evaluatedAt: Date.parse('2026-01-01T00:00:00Z'),
};

/**
 * An engine that does what a test says, and keeps state as a real one does: what was created is there until
 * it was removed. By default everything succeeds at once.
 */
export class ScriptedEngine implements HostingEngine, ModelImporter {
  readonly resources = new Map<string, Observation>();
  readonly units = new Map<string, Units>();
  readonly calls: string[] = [];
  /** What a deployment is right after it was created. */
  born: Observation = { state: 'ready' };
  /**
   * Whether "not found" is final, as on one machine, where what was removed cannot be created any more, or a
   * call may still arrive, as in AWS.
   */
  sealed = true;
  readonly #removed = new Set<string>();
  /** Whether removing takes effect at once, or only when the test says `vanish`. */
  removes = true;
  /** Runs before a call takes effect: throws, or waits. */
  before: (
    call: 'create' | 'observe' | 'scale' | 'remove' | 'detect' | 'admit' | 'discard',
    id: string,
  ) => void | Promise<void> = () => undefined;
  verdict: Verdict = { isAnomalous: true, confidence: 0.97 };
  admission: Admission = { admitted: true, artifact: { bucket: 'artifacts', prefix: 'copy/' }, evaluation };

  async #call(call: Parameters<ScriptedEngine['before']>[0], id: string): Promise<void> {
    this.calls.push(`${call} ${id}`);
    await this.before(call, id);
  }

  async create(spec: DeploymentSpec): Promise<void> {
    await this.#call('create', spec.id);
    if (this.sealed && this.#removed.has(spec.id)) return;
    if (!this.resources.has(spec.id)) this.resources.set(spec.id, this.born);
    this.units.set(spec.id, { min: spec.units.min });
  }

  async observe({ id }: DeploymentRef): Promise<Observation> {
    await this.#call('observe', id);
    return this.resources.get(id) ?? { state: 'gone', sealed: this.sealed };
  }

  async scale({ id }: DeploymentRef, units: Units): Promise<void> {
    await this.#call('scale', id);
    this.units.set(id, units);
  }

  async remove({ id }: DeploymentRef): Promise<void> {
    await this.#call('remove', id);
    this.#removed.add(id);
    if (!this.resources.has(id)) return;
    if (this.removes) this.vanish(id);
    else this.resources.set(id, { state: 'removing' });
  }

  /** As an engine that lives in the host's own process, when that process ends. */
  forgetAll(): void {
    this.resources.clear();
    this.units.clear();
    this.#removed.clear();
  }

  vanish(id: string): void {
    this.resources.delete(id);
    this.units.delete(id);
  }

  async detect({ id }: DeploymentRef, _picture: Uint8Array, _type: PictureType): Promise<Verdict> {
    await this.#call('detect', id);
    const state = this.resources.get(id)?.state;
    if (state !== 'ready' && state !== 'updating') throw new NotHosted(id);
    return this.verdict;
  }

  async admit(model: Model): Promise<Admission> {
    await this.#call('admit', model.version);
    return this.admission;
  }

  async discard(model: Model): Promise<void> {
    await this.#call('discard', model.version);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  count(call: string): number {
    return this.calls.filter((each) => each.startsWith(`${call} `)).length;
  }
}
