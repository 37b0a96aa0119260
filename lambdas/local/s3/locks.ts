/** Lets one at a time work on what has a name, in the order in which they came. */
export class Locks {
  readonly #last = new Map<string, Promise<unknown>>();

  async run<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(name) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#last.set(name, mine);
    try {
      return await mine;
    } finally {
      if (this.#last.get(name) === mine) this.#last.delete(name);
    }
  }

  /** Resolves when whoever is at work has ended. */
  async idle(name: string): Promise<void> {
    await this.#last.get(name)?.catch(() => undefined);
  }
}
