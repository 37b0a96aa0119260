import type { Units } from '../../domain/model.ts';
import type { Clock, Log } from '../../domain/ports.ts';
import { EngineBusy, NotHosted } from '../engine.ts';
import type { PictureType, Verdict } from '../../domain/verdict.ts';
import { ArtifactUnfit } from '../../vision/inference/artifact.ts';
import { begin, isIdle, memberOn, supervise, takesAnother, type Member } from './member.ts';
import type { PoolOptions } from './pool-options.ts';
import { Queue, type Job } from './queue.ts';
import { Reloading } from './reloading.ts';
import { Suspects } from '../suspects.ts';
import { UnitLost, type UnitProcess } from './unit-process.ts';

export interface PoolPorts {
  readonly clock: Clock;
  readonly log: Log;
  start(): UnitProcess;
  /**
   * Fetches the artifact again, for units that cannot load what is here.
   * @throws EngineFailed if it will never be there; anything else is worth another try
   */
  renew(): Promise<void>;
}

export type PoolState =
  | { readonly state: 'creating' }
  | { readonly state: 'ready'; readonly unitsInService: number; readonly note?: string }
  | { readonly state: 'failed'; readonly reason: string };

const stopping = (): NotHosted => new NotHosted('The model is being stopped.');

/**
 * The inference units of one deployment: between `min` and `max` of them as demand goes, each replaced when
 * it dies.
 */
export class Pool {
  readonly #options: PoolOptions;
  readonly #ports: PoolPorts;
  #units: Units;
  /** In the order of their last use, the latest at the end. */
  #members: Member[] = [];
  readonly #queue = new Queue();
  readonly #suspects: Suspects;
  /** Every process that has not ended, those too that were told to. */
  readonly #alive = new Set<UnitProcess>();
  /** How many units there should be just now. */
  #wanted: number;
  #everReady = false;
  readonly #decided = Promise.withResolvers<undefined>();
  #failure: string | undefined;
  #losses = 0;
  readonly #reloading: Reloading;
  #closing = false;
  /**
   * Time as it passed for us, so that a laptop's sleep counts as one long look and ends no unit that did
   * nothing wrong.
   */
  #time = 0;
  #restAt = 0;

  constructor(units: Units, options: PoolOptions, ports: PoolPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#suspects = new Suspects(ports.log);
    this.#reloading = new Reloading(options, () => ports.renew());
    this.#units = units;
    this.#wanted = units.min;
    this.#fill();
    void this.#keepLooking();
  }

  get state(): PoolState {
    if (this.#failure !== undefined) return { state: 'failed', reason: this.#failure };
    if (!this.#everReady) return { state: 'creating' };
    const unitsInService = this.#members.filter(({ ready }) => ready).length;
    if (unitsInService >= this.#units.min) return { state: 'ready', unitsInService };
    const note = `${unitsInService} of ${this.#units.min} inference units are in service.`;
    return { state: 'ready', unitsInService, note: `${note}${this.#reloading.note}` };
  }

  /** Resolves when the pool is no longer `creating`. */
  get decided(): Promise<unknown> {
    return this.#decided.promise;
  }

  scale(units: Units): void {
    this.#units = units;
    this.#wanted = Math.min(Math.max(this.#wanted, units.min), units.max ?? units.min);
    this.#fill();
  }

  /** @throws EngineBusy, NotHosted, PictureRefused */
  async judge(picture: Uint8Array, type: PictureType): Promise<Verdict> {
    if (this.#closing || this.#failure !== undefined || !this.#everReady)
      throw new NotHosted('The model is not hosted.');
    const suspect = this.#suspects.check(picture, this.#time);
    const { promise, resolve, reject } = Promise.withResolvers<Verdict>();
    const job: Job = { picture, type, since: this.#time, suspect, resolve, reject };
    this.#queue.add(job);
    this.#dispatch();
    const limit = this.#options.queuePerUnit * (this.#units.max ?? this.#units.min);
    if (this.#queue.length > limit) {
      this.#queue.remove(job);
      throw new EngineBusy(
        `All inference units are at work and ${limit} pictures are waiting already. Try again later or ` +
          'raise MaxInferenceUnits.',
      );
    }
    return promise;
  }

  /** Lets pictures under way be judged, refuses those that wait, and resolves when no process is left. */
  async drain(): Promise<void> {
    this.#closing = true;
    for (const job of this.#queue.empty()) job.reject(stopping());
    for (const { unit, jobs } of this.#members) if (jobs.length === 0) unit.kill('the model was stopped');
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
    const member = memberOn(unit, this.#time);
    this.#members.push(member);
    this.#alive.add(unit);
    unit.loaded.then(
      () => {
        this.#everReady = true;
        this.#decided.resolve(undefined);
        this.#reloading.succeeded();
        this.#rest(member);
        member.ready = true;
        this.#dispatch();
      },
      (error: unknown) => {
        // The same file would be refused again, by every unit: nothing is gained by more attempts.
        if (error instanceof ArtifactUnfit && !this.#everReady)
          this.#fail(
            `The model cannot be hosted: ${error.message}. Export it again and import it as a new version.`,
          );
        if (this.#everReady && !this.#closing && this.#members.includes(member)) this.#cannotReload(error);
        member.unit.kill('it could not load the model'); // one that says so is still there
      },
    );
    void unit.ended.then(({ reason }) => this.#lost(member, reason));
  }

  /** A model that was served cannot be loaded by another unit: what is on this machine may be damaged. */
  #cannotReload(error: unknown): void {
    void this.#reloading.failed(error, this.#time).then((verdict) => {
      if (verdict !== undefined && !this.#members.some(({ ready }) => ready)) this.#fail(verdict);
    });
  }

  #fail(reason: string): void {
    if (this.#closing) return;
    this.#failure ??= reason;
    this.#decided.resolve(undefined);
    for (const job of this.#queue.empty()) job.reject(new NotHosted('The model is not hosted.'));
    for (const { unit } of this.#members) unit.kill('the model cannot be hosted');
  }

  #lost(member: Member, reason: string): void {
    this.#alive.delete(member.unit);
    this.#members = this.#members.filter((other) => other !== member);
    const expected = this.#closing || this.#failure !== undefined || this.#members.length >= this.#wanted;
    if (expected) return;
    this.#losses++;
    this.#restAt =
      this.#time + Math.min(this.#options.backoff * 2 ** (this.#losses - 1), this.#options.backoffLimit);
    this.#ports.log.warn('An inference unit was lost and will be replaced', {
      pid: member.unit.pid,
      reason,
      losses: this.#losses,
    });
    if (!this.#everReady && this.#losses >= this.#options.attempts) {
      this.#fail(
        `The model's inference units ended ${this.#losses} times before one was ready; the last time ` +
          `${reason}. Free memory or import a smaller model, then start it again.`,
      );
    }
  }

  /**
   * The unit has time: it moves to the end, from where it is taken next, so that those not needed stay idle
   * and can go.
   */
  #rest(member: Member): void {
    begin(member, this.#time, this.#ports.clock.now());
    if (this.#members.includes(member))
      this.#members = [...this.#members.filter((other) => other !== member), member];
  }

  #dispatch(): void {
    for (;;) {
      const job = this.#queue.next(!this.#members.some(({ jobs }) => jobs.some(({ suspect }) => suspect)));
      if (job === undefined) return;
      // Without an idle one: the one that will be free first.
      const member =
        this.#members.findLast(isIdle) ?? (job.suspect ? undefined : this.#members.find(takesAnother));
      if (member === undefined) return;
      this.#queue.remove(job);
      void this.#serve(member, job);
    }
  }

  async #serve(member: Member, job: Job): Promise<void> {
    member.jobs.push(job);
    if (member.jobs.length === 1) begin(member, this.#time, this.#ports.clock.now());
    try {
      job.resolve(await member.unit.judge(job.picture, job.type));
    } catch (error) {
      if (error instanceof UnitLost) return this.#spill(member, error);
      job.reject(error);
    }
    this.#losses = 0;
    if (job.suspect) this.#suspects.acquit(job.picture);
    this.#queue.remove(job); // where it is if it was taken back, and came through all the same
    if (!member.jobs.includes(job)) return;
    member.quick = this.#ports.clock.now() - member.begun <= this.#options.quick;
    member.jobs = member.jobs.filter((other) => other !== job);
    this.#rest(member);
    if (this.#closing && member.jobs.length === 0) member.unit.kill('the model was stopped');
    else this.#dispatch();
  }

  /** What a lost unit had goes to another one, if that can help. */
  #spill(member: Member, { message: reason, reached }: UnitLost): void {
    // Its end may be known here before `ended` has told: nothing must be given to it in between.
    member.ready = false;
    const jobs = member.jobs.splice(0);
    const alone = jobs.length === 1;
    this.#queue.putBack(
      ...jobs.filter((job, index) => {
        const blamed = reached && !(member.overdue && index > 0);
        const late = this.#time - job.since > this.#options.wait || (blamed && member.overdue);
        const told = this.#closing
          ? stopping()
          : this.#suspects.afterLoss(job, { reason, blamed, alone, late }, this.#time);
        if (told !== undefined) job.reject(told);
        return told === undefined;
      }),
    );
    this.#dispatch();
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
    const { wait, growAfter, shrinkAfter } = this.#options;
    for (const member of this.#members) {
      supervise(member, this.#time, this.#options);
      if (member.jobs.length < 2 || this.#time - member.since < growAfter) continue;
      member.quick = false;
      // given in advance, and another one may have time for it before this one has
      this.#queue.putBack(...member.jobs.splice(1));
    }
    for (
      let oldest = this.#queue.oldest;
      oldest !== undefined && this.#time - oldest.since > wait;
      oldest = this.#queue.oldest
    ) {
      this.#queue.remove(oldest);
      oldest.reject(
        new EngineBusy('No inference unit became free in time. Try again later or raise MaxInferenceUnits.'),
      );
    }
    this.#resize(growAfter, shrinkAfter);
    this.#fill();
    this.#dispatch();
  }

  #resize(growAfter: number, shrinkAfter: number): void {
    const { min, max = min } = this.#units;
    const { oldest } = this.#queue;
    const complete = this.#members.length >= this.#wanted && this.#members.every(({ ready }) => ready);
    if (complete && this.#wanted < max && oldest !== undefined && this.#time - oldest.since >= growAfter)
      this.#wanted++;
    const idle = this.#members.find((member) => isIdle(member) && this.#time - member.since >= shrinkAfter);
    if (idle !== undefined && this.#members.length > min && this.#wanted > min) {
      this.#wanted--;
      this.#retire(idle);
    } else if (this.#members.length > this.#wanted) {
      const surplus = this.#members.find(({ jobs }) => jobs.length === 0);
      if (surplus !== undefined) this.#retire(surplus);
    }
  }

  /** Leaves the list first, so that its end is no loss and nothing is given to it. */
  #retire(member: Member): void {
    this.#members = this.#members.filter((other) => other !== member);
    member.unit.kill('it is not needed any more');
  }
}
