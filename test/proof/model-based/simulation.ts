import { MemoryObjects } from '../../helpers/artifacts.ts';
import { ScriptedTrainer } from '../../helpers/scripted-trainer.ts';
import { randomUUID } from 'node:crypto';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Clock } from '../../../lambdas/domain/ports.ts';
import { defaultQuotas, localLimits, type Settings } from '../../../lambdas/domain/settings.ts';
import type { HostingEngine, ModelImporter } from '../../../lambdas/hosting/engine.ts';
import { dispatch } from '../../../lambdas/http/pipeline.ts';
import { detectHandlers, readHandlers, writeHandlers } from '../../../lambdas/operations/handlers.ts';
import { HostedMemory } from '../../../lambdas/operations/hosted-memory.ts';
import { Store } from '../../../lambdas/store/store.ts';
import type { SweepContext, TaskContext } from '../../../lambdas/workflows/context.ts';
import { sweep } from '../../../lambdas/workflows/sweep.ts';
import { tasks, type Task } from '../../../lambdas/workflows/tasks/tasks.ts';
import { restore } from '../../../lambdas/local/restore.ts';
import { silent } from '../../helpers/engine.ts';
import type { History } from './commands.ts';
import { Gate, type Actor, type Fault, type Parked } from './gate.ts';
import { checkMoment } from './invariants.ts';
import { KeepingEngine } from './keeping-engine.ts';
import { lookAround, type Moment } from './moments.ts';
import { limits, wrongAnswer, type Answered, type Called } from './reference.ts';
import { StepFunctions, type Run } from './step-functions.ts';

/**
 * Milliseconds for which a function may run where functions have limits. A task's is ten seconds shorter than the time until which its calls are
 * believed to be able to arrive (`provision`), as in the stack: clocks may differ by less than that.
 */
const timeLimits = { call: 29_000, task: 50_000, sweep: 50_000 };

/** The whole service under one thread of events: whoever acts, acts one request at a time, when a history says so. */
export class Simulation {
  now = Date.parse('2026-01-15T12:00:00Z');
  readonly on: History['on'];
  readonly gate = new Gate();
  readonly steps: StepFunctions;
  readonly engine = new KeepingEngine();
  readonly moments: Moment[] = [];
  readonly calls: Called[] = [];
  readonly began: { name: string; token: string; at: number }[] = [];
  readonly trace: string[] = [];
  actors: Actor[] = [];
  late: { readonly entry: Parked; readonly until: number }[] = [];
  #hosted = new HostedMemory();
  #ids = 0;
  #failure: unknown;
  readonly #client: DynamoDBDocumentClient;
  readonly table: string;
  readonly #runs = new Map<Actor, Run>();
  readonly #causes = new Map<Actor, string>();
  readonly settings: Settings;

  constructor(client: DynamoDBDocumentClient, on: History['on'], table = `history-${randomUUID()}`) {
    this.#client = client;
    this.on = on;
    this.table = table;
    this.engine.sealed = on === 'laptop';
    this.steps = new StepFunctions(() => this.now);
    this.settings = {
      stage: 'test', partition: 'aws', region: 'us-east-1', account: '111122223333', limits: localLimits, extensions: true, buckets: ['*'],
      quotas: { ...defaultQuotas, projects: limits.projects, modelsPerProject: limits.models, runningModels: limits.running, unitsPerModel: 5 },
      times: { delivery: 60, start: 600, import: 600, train: 600, release: 300, provision: 60, health: 60 },
    };
    this.gate.effect = async (actor, label) => {
      this.trace.push(`${actor.name}: ${label}`);
      await this.capture(actor);
    };
  }

  async capture(actor?: Actor): Promise<Moment> {
    const moment = await lookAround(this.#client, this.table, this.now, this.engine.resources, this.engine.copies);
    const before = this.moments.at(-1);
    this.moments.push(moment);
    if (before !== undefined && actor !== undefined) {
      const run = this.#runs.get(actor);
      this.#guard(() => checkMoment(before, moment, actor, this.#causes.get(actor) ?? actor.kind, run?.execution.input));
    }
    return moment;
  }

  /** A proof that fails inside somebody's request must fail the history, not the request. */
  #guard(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#failure ??= error;
    }
  }

  /** @throws the first thing that did not hold */
  raise(): void {
    if (this.#failure !== undefined) throw this.#failure as Error;
  }

  #actor(kind: Actor['kind'], name: string, skew: number): Actor {
    const actor: Actor = { name, kind, startedAt: this.now, skew: this.on === 'aws' ? skew : 0, over: false, disturbed: false };
    this.actors.push(actor);
    return actor;
  }

  readonly #objects = new MemoryObjects();

  #context(actor: Actor): TaskContext & SweepContext & { ids: { next(): string }; hosted: HostedMemory } {
    const clock: Clock = {
      now: () => this.now + actor.skew,
      sleep: (milliseconds) => this.gate.io(actor, 'sleep', false, () => {
        this.now += milliseconds;
        return Promise.resolve();
      }),
    };
    const { engine, gate } = this;
    const ask = <T>(label: string, id: string, writes: boolean, work: () => Promise<T>): Promise<T> => gate.io(actor, `${label} ${id.slice(-4)}`, writes, work);
    const gated: HostingEngine & ModelImporter = {
      create: (spec) => ask('create', spec.id, true, () => engine.create(spec)),
      observe: (ref) => ask('observe', ref.id, false, () => engine.observe(ref)),
      scale: (ref, units) => ask('scale', ref.id, true, () => engine.scale(ref, units)),
      remove: (ref) => ask('remove', ref.id, true, () => engine.remove(ref)),
      detect: (ref, picture, type) => ask('detect', ref.id, false, () => engine.detect(ref, picture, type)),
      admit: (model) => ask('admit', model.version, true, () => engine.admit(model)),
      discard: (model) => ask('discard', model.version, true, () => engine.discard(model)),
    };
    return {
      settings: this.settings, clock, log: silent, engine: gated, importer: gated, hosted: this.#hosted, objects: this.#objects, trainer: new ScriptedTrainer(this.#objects),
      store: new Store(gate.client(actor, this.#client), this.table, clock),
      ids: { next: () => (this.#ids++).toString(36).padStart(25, '0') },
      runner: { start: (execution) => gate.io(actor, `start ${execution.name.slice(-6)}`, true, () => this.steps.start(execution)) },
    };
  }

  call(called: Omit<Called, 'at' | 'disturbed' | 'caller'>, request: { labels: Record<string, string>; headers?: Record<string, string>; body?: unknown }, skew: number): Actor {
    const caller = `${called.operation}-${this.#ids++}`;
    const actor = this.#actor('call', caller, skew);
    this.#causes.set(actor, called.operation);
    const since = this.moments.length - 1;
    const call: Called = { ...called, caller, at: this.now, disturbed: () => actor.disturbed };
    this.calls.push(call);
    const { labels, headers = {}, body } = request;
    const raw = body instanceof Uint8Array ? body : Buffer.from(body === undefined ? '' : JSON.stringify(body));
    void dispatch({ handlers: { ...readHandlers, ...writeHandlers, ...detectHandlers }, context: this.#context(actor) }, called.operation, {
      labels, query: [], headers: { 'content-type': 'image/png', ...headers, ...(called.token !== undefined && { 'x-amzn-client-token': called.token }) }, body: raw,
    }, { requestId: caller, log: silent, caller: () => caller }).then(({ status, body: text }) => {
      const answer: Answered = { at: this.now, status, body: JSON.parse(text) as Record<string, unknown> };
      this.trace.push(`${caller}: answers ${status} ${status < 300 ? '' : String(answer.body['Message'])}`);
      this.#end(actor);
      const wrong = wrongAnswer(call, answer, this.moments, since, this.calls);
      this.#guard(() => {
        if (wrong !== undefined) throw new Error(`${JSON.stringify(call)} was answered ${status}: ${wrong}`);
      });
    });
    return actor;
  }

  /** Notes every operation with the token of the call that began it. */
  note(): void {
    const called = new Map(this.calls.map((call) => [call.caller, call]));
    const seen = new Set<string>();
    for (const { models } of this.moments) {
      for (const { operation } of models.values()) {
        const call = called.get(operation.actor);
        if (seen.has(operation.id) || call?.token === undefined) continue;
        seen.add(operation.id);
        this.began.push({ name: call.operation, token: call.token, at: operation.at });
      }
    }
  }

  task(run: Run, skew: number): Actor {
    const { workflow, name } = run.execution;
    const actor = this.#actor('task', `${run.state} ${name.slice(-6)}`, skew);
    this.#runs.set(actor, run);
    run.busy = true;
    const task = (tasks[workflow] as Readonly<Record<string, Task>>)[run.state] as Task;
    void task(structuredClone(run.data), this.#context(actor)).then((progress) => {
      this.#end(actor);
      this.steps.succeeded(run, progress ?? undefined);
    }, (error: unknown) => {
      this.#end(actor);
      const { name: what, message } = error as Error;
      this.trace.push(`${actor.name}: throws ${what}: ${message}`);
      this.steps.failed(run, what, message);
    });
    return actor;
  }

  sweep(skew: number): Actor {
    const actor = this.#actor('sweep', `sweep-${this.#ids++}`, skew);
    void sweep(this.#context(actor)).catch(() => undefined).then(() => this.#end(actor));
    return actor;
  }

  #end(actor: Actor): void {
    actor.over = true;
    this.actors = this.actors.filter((other) => other !== actor);
  }

  /** Ends a function from outside. @param late whether what it had sent may still arrive, until its time limit */
  kill(actor: Actor, late: boolean): void {
    const left = this.gate.end(actor);
    this.#end(actor);
    this.trace.push(`${actor.name} is killed`);
    // Objects are written by the function itself, so what it was copying ends with it.
    if (late) for (const entry of left) if (entry.writes && !/^(admit|discard)/.test(entry.label)) this.late.push({ entry, until: actor.startedAt + timeLimits[actor.kind] });
    const run = this.#runs.get(actor);
    if (run !== undefined) this.steps.failed(run, 'States.Timeout', 'the task timed out');
  }

  async arrive({ entry }: { readonly entry: Parked }): Promise<void> {
    this.late = this.late.filter((other) => other.entry !== entry);
    await entry.alone().catch(() => undefined);
    this.trace.push(`${entry.actor.name}: ${entry.label} arrives late`);
    await this.capture(entry.actor);
  }

  pass(milliseconds: number): void {
    this.now += milliseconds;
    this.late = this.late.filter(({ until }) => until >= this.now);
    this.steps.expire();
    if (this.on === 'aws') for (const actor of this.actors) if (this.now > actor.startedAt + timeLimits[actor.kind]) this.kill(actor, false);
  }

  async step(entry: Parked, fault: Fault): Promise<void> {
    if (fault !== 'none') this.trace.push(`${entry.actor.name}: ${entry.label} meets ${fault}`);
    await entry.release(entry.label === 'sleep' ? 'none' : fault);
    this.raise();
  }

  /** Lets an actor go on to its end, or to the first request of which `until` holds. */
  async finish(actor: Actor, until: (entry: Parked) => boolean = () => false): Promise<void> {
    for (let next = this.#next(actor); next !== undefined && !until(next); next = this.#next(actor)) await this.step(next, 'none');
  }

  #next = (actor: Actor): Parked | undefined => this.gate.parked.find((entry) => entry.actor === actor);

  /** The process of everything ends; on a laptop the engine's state ends with it, and the next host brings back what was hosted. */
  async restart(): Promise<void> {
    this.trace.push('restart');
    for (const actor of this.actors) this.kill(actor, this.on === 'aws');
    for (const run of this.steps.runs) this.steps.abort(run);
    this.#hosted = new HostedMemory();
    if (this.on === 'aws') return;
    this.engine.forgetAll();
    await this.capture();
    const actor = this.#actor('sweep', `restore-${this.#ids++}`, 0);
    void restore(this.#context(actor)).catch((error: unknown) => { this.#failure ??= error; }).then(() => this.#end(actor));
    await this.finish(actor);
  }
}
