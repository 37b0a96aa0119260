import type { PictureType, Verdict } from '../../domain/verdict.ts';
import type { Tried } from '../suspects.ts';

/**
 * A picture that somebody waits for the verdict of. A suspect is judged by a unit that has nothing else, and
 * no other suspect is at the same time.
 */
export interface Job extends Tried {
  readonly type: PictureType;
  /** When it came, in the pool's time. */
  readonly since: number;
  readonly resolve: (verdict: Verdict) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Pictures that wait for a unit: the first that came is the first that goes, but for a suspect while another
 * one is being judged.
 */
export class Queue {
  #jobs: Job[] = [];

  get length(): number {
    return this.#jobs.length;
  }

  get oldest(): Job | undefined {
    return this.#jobs[0];
  }

  add(job: Job): void {
    this.#jobs.push(job);
  }

  /** For jobs that had their turn, in the order in which they had it: they wait no second time. */
  putBack(...jobs: readonly Job[]): void {
    this.#jobs.unshift(...jobs);
  }

  next(suspectsToo: boolean): Job | undefined {
    return suspectsToo ? this.#jobs[0] : this.#jobs.find(({ suspect }) => !suspect);
  }

  remove(job: Job): void {
    const at = this.#jobs.indexOf(job);
    if (at >= 0) this.#jobs.splice(at, 1);
  }

  /** @returns all of them; none is left */
  empty(): Job[] {
    return this.#jobs.splice(0);
  }
}
