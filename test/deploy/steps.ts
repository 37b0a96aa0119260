/** What a run prints and counts: each step with its time, and a last line that a CI server reads. */

const seconds = (from: number): string => `${((performance.now() - from) / 1000).toFixed(1)} s`;

class OutOfTime extends Error {
  override readonly name = 'OutOfTime';
}

export class Steps {
  #passed = 0;
  #failed = 0;
  readonly #told = new Set<unknown>();
  readonly #began = performance.now();
  readonly #signal: AbortSignal;

  /** @param signal ends the run: no step begins after it, and one that is under way counts as failed */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /**
   * One step. A failure is printed whole and counted, and thrown on: what follows needs what came before.
   * @throws what `work` throws, or OutOfTime
   */
  async run<T>(name: string, work: () => Promise<T>): Promise<T> {
    const from = performance.now();
    try {
      const done = await Promise.race([work(), this.#deadline()]);
      this.#passed += 1;
      console.log(`passed  ${name}  (${seconds(from)})${typeof done === 'string' ? `: ${done}` : ''}`);
      return done;
    } catch (error) {
      console.log(`FAILED  ${name}  (${seconds(from)})`);
      this.fail(error);
      throw error;
    }
  }

  /** Counts and prints a failure, once wherever it is caught. */
  fail(error: unknown): void {
    if (this.#told.has(error)) return;
    this.#told.add(error);
    this.#failed += 1;
    console.log(error instanceof Error ? (error.stack ?? error.message) : error);
  }

  /** A step whose failure spoils nothing that comes after it. */
  async check(name: string, work: () => Promise<string | undefined>): Promise<void> {
    await this.run(name, work).catch((error: unknown) => {
      if (error instanceof OutOfTime) throw error;
    });
  }

  /** Prints the last line. @returns whether everything passed */
  end(): boolean {
    console.log(`all of it took ${seconds(this.#began)}`);
    console.log(`${this.#passed} passed, ${this.#failed} failed`);
    return this.#failed === 0 && this.#passed > 0;
  }

  #deadline(): Promise<never> {
    return new Promise((_, reject) => {
      const give = (): void => reject(new OutOfTime('The run has used up its time.'));
      if (this.#signal.aborted) give();
      else this.#signal.addEventListener('abort', give, { once: true });
    });
  }
}
