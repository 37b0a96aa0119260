import { foreignReason } from '../../domain/foreign-reason.ts';
import { ArtifactUnfit } from '../../vision/inference/artifact.ts';
import { EngineFailed } from '../engine.ts';
import type { PoolOptions } from './pool-options.ts';
import { UnitLost } from './unit-process.ts';

/**
 * What becomes of a model that was served and that new units cannot load: its local copy is fetched again,
 * once, and if that does not help either, the model has failed. Failures that say nothing about the artifact
 * (no room for a process, no answer from the object store) are tried again for as long as an outage may take.
 */
export class Reloading {
  readonly #options: Pick<PoolOptions, 'attempts' | 'outage'>;
  readonly #renew: () => Promise<void>;
  /** In a row, since a unit was ready, or the artifact was fetched again. */
  #failures = 0;
  /** In the pool's time. */
  #since: number | undefined;
  #renewed = false;
  #renewing = false;
  #reason = '';

  constructor(options: Pick<PoolOptions, 'attempts' | 'outage'>, renew: () => Promise<void>) {
    this.#options = options;
    this.#renew = renew;
  }

  /** What there is to say while units are missing: empty, or a sentence with a blank in front. */
  get note(): string {
    return this.#reason === '' ? '' : ` The last could not load the model: ${this.#reason}.`;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#since = undefined;
    this.#renewed = false;
    this.#reason = '';
  }

  /** @returns why the model has failed, if nothing more is worth a try and no other unit serves it */
  async failed(error: unknown, time: number): Promise<string | undefined> {
    this.#failures += 1;
    this.#since ??= time;
    this.#reason = foreignReason(error);
    const certain = error instanceof ArtifactUnfit || this.#failures >= this.#options.attempts;
    const ours = error instanceof UnitLost && error.ending?.how === 'not started';
    const late = time - this.#since > this.#options.outage;
    if (late || (certain && this.#renewed && !ours)) return this.#verdict();
    if (certain && !this.#renewed && !this.#renewing) return this.#tryRenewing();
    return undefined;
  }

  async #tryRenewing(): Promise<string | undefined> {
    this.#renewing = true;
    try {
      await this.#renew();
      this.#renewed = true;
      this.#failures = 0;
    } catch (error) {
      this.#reason = foreignReason(error);
      if (error instanceof EngineFailed) return error.message;
      return undefined;
    } finally {
      this.#renewing = false;
    }
    return undefined;
  }

  #verdict(): string {
    return (
      `The model's inference units were lost, and no new one can load the model: ${this.#reason}. ` +
      'Start it again; if it fails again, import it as a new version.'
    );
  }
}
