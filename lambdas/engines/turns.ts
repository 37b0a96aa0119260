/** Lets so many in at a time, in the order in which they came. */
export class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  /** @returns what is called to leave, or undefined if there was no room within so many milliseconds */
  async enter(within: number): Promise<(() => void) | undefined> {
    const leave = (): void => {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    };
    if (this.#free > 0) {
      this.#free -= 1;
      return leave;
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const turn = (): void => resolve(true);
    this.#waiting.push(turn);
    const timer = setTimeout(() => {
      const at = this.#waiting.indexOf(turn);
      if (at < 0) return; // its turn has come in this very moment
      this.#waiting.splice(at, 1);
      resolve(false);
    }, within);
    const entered = await promise;
    clearTimeout(timer);
    return entered ? leave : undefined;
  }
}
