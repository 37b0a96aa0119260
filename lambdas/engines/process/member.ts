import type { PoolOptions } from './pool-options.ts';
import type { Job } from './queue.ts';
import type { UnitProcess } from './unit-process.ts';

/** One of a pool's units, and what the pool knows of it. */
export interface Member {
  readonly unit: UnitProcess;
  ready: boolean;
  /** What it judges, and behind that what it was given in advance. */
  jobs: Job[];
  /**
   * When it began what it is doing, in the pool's time: loading, judging the first of its jobs, or nothing.
   */
  since: number;
  /**
   * The same by the clock, which is finer and may jump: only ever compared to see whether a picture was
   * quick.
   */
  begun: number;
  /** Whether its last picture was so quick that it would now wait for the next one. */
  quick: boolean;
  /** It is being ended because of the first of its jobs, and no other. */
  overdue: boolean;
}

export const memberOn = (unit: UnitProcess, since: number): Member => ({
  unit,
  ready: false,
  jobs: [],
  since,
  begun: 0,
  quick: false,
  overdue: false,
});

export const isIdle = ({ ready, jobs }: Member): boolean => ready && jobs.length === 0;

/**
 * Whether there is a point in giving it a picture in advance, which it decodes while it judges the one
 * before.
 */
export const takesAnother = ({ ready, quick, jobs: [first, second] }: Member): boolean =>
  ready && quick && first?.suspect === false && second === undefined;

/** @param time the pool's, `clock` the clock's */
export function begin(member: Member, time: number, clock: number): void {
  member.since = time;
  member.begun = clock;
}

/** Ends a unit that takes too long, or too much memory. */
export function supervise(member: Member, now: number, { load, judge, memory }: PoolOptions): void {
  const age = now - member.since;
  const end = (why: string): void => {
    member.ready = false;
    member.unit.kill(why);
  };
  if (!member.ready && age > load) return end(`it did not load its model within ${load} ms`);
  if (member.jobs.length > 0 && age > judge) {
    member.overdue = true;
    return end(`it did not answer within ${judge} ms`);
  }
  if (member.unit.memory() > memory)
    end(`it used more than ${Math.round(memory / 1024 / 1024)} MB of memory`);
}
