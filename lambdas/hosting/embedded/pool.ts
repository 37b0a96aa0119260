import type { Units } from '../../domain/model.ts';
import type { Clock, Log } from '../../domain/ports.ts';
import { EngineBusy, NotHosted, type PictureType, type Verdict } from '../engine.ts';
import { ArtifactUnfit } from './artifact.ts';
import type { PoolOptions } from './pool-options.ts';
import { UnitLost, type UnitProcess } from './unit-process.ts';

export interface PoolPorts {
  readonly clock: Clock;
  readonly log: Log;
  start(): UnitProcess;
}

export type PoolState =
  | { readonly state: 'creating' }
  | { readonly state: 'ready'; readonly unitsInService: number; readonly note?: string }
  | { readonly state: 'failed'; readonly reason: string };

interface Member {
  readonly unit: UnitProcess;
  ready: boolean;
  job: Job | undefined;
  /** When it began what it is doing: loading, judging, or nothing. */
  since: number;
}

interface Job {
  readonly picture: Uint8Array;
  readonly type: PictureType;
  readonly since: number;
  readonly resolve: (verdict: Verdict) => void;
  readonly reject: (error: unknown) => void;
}

/** The inference units of one deployment: between `min` and `max` of them as demand goes, each replaced when it dies. */
export class Pool {
  readonly #options: PoolOptions;
  readonly #ports: PoolPorts;
  #units: Units;
  /** In the order of their last use, the latest at the end. */
  #members: Member[] = [];
  #queue: Job[] = [];
  /** Every process that has not ended, those too that were told to. */
  readonly #alive = new Set<UnitProcess>();
  /** How many units there should be just now. */
  #wanted: number;
  #everReady = false;
  #failure: string | undefined;
  #losses = 0;
  #closing = false;
  /** Time as it passed for us, so that a laptop's sleep counts as one long look and ends no unit that did nothing wrong. */
  #time = 0;
  #restAt = 0;

  constructor(units: Units, options: PoolOptions, ports: PoolPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#units = units;
    this.#wanted = units.min;
    this.#fill();
    void this.#keepLooking();
  }

  get state(): PoolState {
    if (this.#failure !== undefined) return { state: 'failed', reason: this.#failure };
    if (!this.#everReady) return { state: 'creating' };
    const unitsInService = this.#members.filter(({ ready }) => ready).length;
    const missing = unitsInService < this.#units.min;
    return { state: 'ready', unitsInService, ...(missing && { note: `${unitsInService} of ${this.#units.min} inference units are in service.` }) };
  }

  scale(units: Units): void {
    this.#units = units;
    this.#wanted = Math.min(Math.max(this.#wanted, units.min), units.max ?? units.min);
    this.#fill();
  }

  /** @throws EngineBusy, NotHosted, and what a unit throws */
  judge(picture: Uint8Array, type: PictureType): Promise<Verdict> {
    if (this.#closing || this.#failure !== undefined || !this.#everReady) return Promise.reject(new NotHosted('The model is not hosted.'));
    const limit = this.#options.queuePerUnit * (this.#units.max ?? this.#units.min);
    const { promise, resolve, reject } = Promise.withResolvers<Verdict>();
    this.#queue.push({ picture, type, since: this.#time, resolve, reject });
    this.#dispatch();
    if (this.#queue.length > limit) {
      this.#queue.pop();
      reject(new EngineBusy(`All inference units are at work and ${limit} pictures are waiting already. Try again later or raise MaxInferenceUnits.`));
    }
    return promise;
  }

  /** Lets pictures under way be judged, refuses those that wait, and resolves when no process is left. */
  async drain(): Promise<void> {
    this.#closing = true;
    for (const job of this.#queue.splice(0)) job.reject(new NotHosted('The model is being stopped.'));
    for (const { unit, job } of this.#members) if (job === undefined) unit.kill('the model was stopped');
    await Promise.all([...this.#alive].map(({ ended }) => ended));
  }

  /** Ends everything at once; pictures under way fail. */
  async close(): Promise<void> {
    const drained = this.drain();
    for (const unit of this.#alive) unit.kill('the host is being stopped');
    await drained;
  }

  #fill(): void {
    if (this.#closing || this.#failure !== undefined || this.#time < this.#restAt) return;
    while (this.#members.length < this.#wanted) this.#add();
  }

  #add(): void {
    const unit = this.#ports.start();
    const member: Member = { unit, ready: false, job: undefined, since: this.#time };
    this.#members.push(member);
    this.#alive.add(unit);
    unit.loaded.then(() => {
      this.#everReady = true;
      this.#rest(member);
      member.ready = true;
      this.#dispatch();
    }, (error: unknown) => {
      // The same file would be refused again, by every unit: nothing is gained by more attempts.
      if (error instanceof ArtifactUnfit) this.#fail(`The model cannot be hosted: ${error.message}. Export it again and import it as a new version.`);
    });
    void unit.ended.then((reason) => this.#lost(member, reason));
  }

  #fail(reason: string): void {
    if (this.#everReady) return;
    this.#failure ??= reason;
    for (const { unit } of this.#members) unit.kill('the model cannot be hosted');
  }

  #lost(member: Member, reason: string): void {
    this.#alive.delete(member.unit);
    this.#members = this.#members.filter((other) => other !== member);
    const expected = this.#closing || this.#failure !== undefined || this.#members.length >= this.#wanted;
    if (expected) return;
    this.#losses++;
    this.#restAt = this.#time + Math.min(this.#options.backoff * 2 ** (this.#losses - 1), this.#options.backoffLimit);
    this.#ports.log.warn('An inference unit was lost and will be replaced', { pid: member.unit.pid, reason, losses: this.#losses });
    if (!this.#everReady && this.#losses >= this.#options.attempts) {
      this.#fail(`The model's inference units ended ${this.#losses} times before one was ready; the last time ${reason}. `
        + 'Free memory or import a smaller model, then start it again.');
    }
  }

  /** The unit is free: it moves to the end, from where it is taken next, so that those not needed stay idle and can go. */
  #rest(member: Member): void {
    member.job = undefined;
    member.since = this.#time;
    if (this.#members.includes(member)) this.#members = [...this.#members.filter((other) => other !== member), member];
  }

  #dispatch(): void {
    for (;;) {
      const member = this.#members.findLast(({ ready, job }) => ready && job === undefined);
      const job = member === undefined ? undefined : this.#queue.shift();
      if (member === undefined || job === undefined) return;
      void this.#serve(member, job);
    }
  }

  async #serve(member: Member, job: Job): Promise<void> {
    member.job = job;
    member.since = this.#time;
    try {
      job.resolve(await member.unit.judge(job.picture, job.type));
      this.#losses = 0;
    } catch (error) {
      // Its end may be known here before `ended` has told: nothing must be given to it in between.
      if (error instanceof UnitLost) member.ready = false;
      else this.#losses = 0;
      job.reject(error);
    }
    this.#rest(member);
    if (this.#closing) member.unit.kill('the model was stopped');
    else this.#dispatch();
  }

  async #keepLooking(): Promise<void> {
    const { clock } = this.#ports;
    let last = clock.now();
    while (!this.#closing || this.#alive.size > 0) {
      await clock.sleep(this.#options.look);
      const now = clock.now();
      this.#time += Math.min(Math.max(now - last, 0), this.#options.look * 4);
      last = now;
      this.#look();
    }
  }

  #look(): void {
    const { load, judge, wait, memory, growAfter, shrinkAfter } = this.#options;
    for (const member of this.#members) {
      const age = this.#time - member.since;
      const end = (why: string): void => {
        member.ready = false;
        member.unit.kill(why);
      };
      if (!member.ready && age > load) end(`it did not load its model within ${load} ms`);
      else if (member.job !== undefined && age > judge) end(`it did not answer within ${judge} ms`);
      else if (member.unit.memory() > memory) end(`it used more than ${Math.round(memory / 1024 / 1024)} MB of memory`);
    }
    while (this.#queue[0] !== undefined && this.#time - this.#queue[0].since > wait) {
      this.#queue.shift()?.reject(new EngineBusy('No inference unit became free in time. Try again later or raise MaxInferenceUnits.'));
    }
    const max = this.#units.max ?? this.#units.min;
    const oldest = this.#queue[0];
    const complete = this.#members.length >= this.#wanted && this.#members.every(({ ready }) => ready);
    if (complete && this.#wanted < max && oldest !== undefined && this.#time - oldest.since >= growAfter) this.#wanted++;
    const idle = this.#members.find(({ ready, job, since }) => ready && job === undefined && this.#time - since >= shrinkAfter);
    if (idle !== undefined && this.#members.length > this.#units.min && this.#wanted > this.#units.min) {
      this.#wanted--;
      this.#retire(idle);
    } else if (this.#members.length > this.#wanted) {
      const surplus = this.#members.find(({ job }) => job === undefined);
      if (surplus !== undefined) this.#retire(surplus);
    }
    this.#fill();
  }

  /** Leaves the list before it is killed, so that its end is no loss and nothing is given to it. */
  #retire(member: Member): void {
    this.#members = this.#members.filter((other) => other !== member);
    member.unit.kill('it is not needed any more');
  }
}
