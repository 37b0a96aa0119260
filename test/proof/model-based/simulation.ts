import { MemoryObjects } from '../../helpers/artifacts.ts';
import { randomUUID } from 'node:crypto';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Clock, Execution } from '../../../lambdas/domain/ports.ts';
import { dispatch } from '../../../lambdas/http/pipeline.ts';
import { detectHandlers, readHandlers, writeHandlers } from '../../../lambdas/operations/handlers.ts';
import { HostedMemory } from '../../../lambdas/operations/models/hosted-memory.ts';
import { modelControl } from '../../../lambdas/operations/hosting/control.ts';
import { Store } from '../../../lambdas/store/store.ts';
import type { SweepContext, TaskContext } from '../../../lambdas/workflows/context.ts';
import { sweep } from '../../../lambdas/workflows/sweep/sweep.ts';
import { tasks, type Task } from '../../../lambdas/workflows/tasks.ts';
import { restore } from '../../../lambdas/local/restore.ts';
import { silent } from '../../helpers/engine.ts';
import { wrongAnswer, type Answered, type Called } from './answers.ts';
import type { History } from './commands.ts';
import { Gate, type Actor, type Fault, type Parked } from './gate.ts';
import { checkMoment } from './invariants.ts';
import { isLambda, LambdaOutside } from './lambda-outside.ts';
import { manifests } from './lines.ts';
import { lookAround, operationsOf, type Moment } from './moments.ts';
import { ScriptedOutside, type Asking, type Outside } from './outside.ts';
import { contentsAfter } from './reference.ts';
import type { Request } from './requests.ts';
import { settings, timeLimits } from './settings.ts';
import { StepFunctions, type Run } from './step-functions.ts';

/**
 * The whole service under one thread of events: whoever acts, acts one request at a time, when a history says
 * so.
 */
export class Simulation {
  now = Date.parse('2026-01-15T12:00:00Z');
  readonly on: History['on'];
  readonly gate = new Gate();
  readonly steps: StepFunctions;
  readonly objects = new MemoryObjects(
    Object.fromEntries(
      manifests
        .filter(({ lines }) => lines.length > 0)
        .map(({ key, lines }) => [`manifests/${key}`, Buffer.from(lines.join('\n'))]),
    ),
  );
  readonly outside: Outside;
  readonly moments: Moment[] = [];
  readonly calls: Called[] = [];
  readonly began: { name: string; token: string; at: number }[] = [];
  readonly trace: string[] = [];
  actors: Actor[] = [];
  late: { readonly entry: Parked; readonly until: number }[] = [];
  #hosted = new HostedMemory();
  #ids = 0;
  #failure: unknown;
  /** Objects that were written by somebody who had slept for longer than anybody believes tasks to live. */
  readonly excused = new Set<string>();
  readonly #begun = new Set<string>();
  readonly #client: DynamoDBDocumentClient;
  readonly table: string;
  readonly #runs = new Map<Actor, Run>();
  readonly #causes = new Map<Actor, string>();

  constructor(client: DynamoDBDocumentClient, on: History['on'], table = `history-${randomUUID()}`) {
    this.#client = client;
    this.on = on;
    this.table = table;
    this.outside = isLambda(on)
      ? new LambdaOutside(this, on)
      : new ScriptedOutside(this.objects, on === 'laptop');
    this.steps = new StepFunctions(() => this.now);
    this.gate.effect = async (actor, label) => {
      this.trace.push(`${actor.name}: ${label}`);
      await this.capture(actor);
    };
  }

  async capture(actor?: Actor): Promise<Moment> {
    const before = this.moments.at(-1);
    const { resources, copies, atWork } = this.outside;
    const seen = await lookAround(this.#client, this.table, this.now, {
      resources,
      copies,
      atWork,
      objects: new Set(this.objects.objects.keys()),
    });
    for (const { id } of operationsOf(seen)) this.#begun.add(id);
    const given = (caller: string): Called['given'] =>
      this.calls.find((call) => call.caller === caller)?.given;
    const moment: Moment = { ...seen, begun: this.#begun, contents: contentsAfter(before, seen, given) };
    this.moments.push(moment);
    if (before !== undefined && actor !== undefined) {
      const fence = this.#runs.get(actor)?.execution.input;
      this.#guard(() =>
        checkMoment(before, moment, {
          actor,
          cause: this.#causes.get(actor) ?? actor.kind,
          ...(fence !== undefined && { fence }),
        }),
      );
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
    const actor: Actor = {
      name,
      kind,
      startedAt: this.now,
      skew: this.on !== 'laptop' ? skew : 0,
      over: false,
      disturbed: false,
    };
    this.actors.push(actor);
    return actor;
  }

  #asking(actor: Actor): Asking {
    const clock: Clock = {
      now: () => this.now + actor.skew,
      sleep: (milliseconds) =>
        this.gate.io(actor, 'sleep', false, () => {
          this.now += milliseconds;
          this.outside.passed();
          return Promise.resolve();
        }),
    };
    const writing = (path: string): void => {
      if (this.on === 'laptop' && this.now - actor.startedAt > timeLimits.asleep) this.excused.add(path);
    };
    return { gate: this.gate, actor, clock, writing };
  }

  #context(actor: Actor): TaskContext & SweepContext & { ids: { next(): string }; hosted: HostedMemory } {
    const asking = this.#asking(actor);
    const { gate, clock } = asking;
    const parts = {
      settings,
      clock,
      log: silent,
      ...this.outside.ports(asking),
      hosted: this.#hosted,
      store: new Store(gate.client(actor, this.#client), this.table, clock),
      ids: { next: () => (this.#ids++).toString(36).padStart(25, '0') },
      runner: {
        start: (execution: Execution) =>
          gate.io(actor, `start ${execution.name.slice(-6)}`, true, () => this.steps.start(execution)),
      },
    };
    return { ...parts, models: modelControl(parts) };
  }

  call(
    called: Omit<Called, 'at' | 'disturbed' | 'caller' | 'answer'>,
    request: Request,
    skew: number,
  ): Actor {
    const caller = `${called.operation}-${this.#ids++}`;
    const actor = this.#actor('call', caller, skew);
    this.#causes.set(actor, called.operation);
    const since = this.moments.length - 1;
    let answer: Answered | undefined;
    const call: Called = {
      ...called,
      caller,
      at: this.now,
      disturbed: () => actor.disturbed,
      answer: () => answer,
    };
    this.calls.push(call);
    const { labels, query = [], body } = request;
    const raw =
      body instanceof Uint8Array ? body : Buffer.from(body === undefined ? '' : JSON.stringify(body));
    void dispatch(
      { handlers: { ...readHandlers, ...writeHandlers, ...detectHandlers }, context: this.#context(actor) },
      called.operation,
      {
        labels,
        query,
        headers: {
          'content-type': 'image/png',
          ...(called.token !== undefined && { 'x-amzn-client-token': called.token }),
        },
        body: raw,
      },
      { requestId: caller, log: silent, caller: () => ({ name: caller }) },
    ).then(({ status, body: text }) => {
      const answered: Answered = { at: this.now, status, body: JSON.parse(text) as Record<string, unknown> };
      this.trace.push(`${caller}: answers ${status} ${status < 300 ? '' : String(answered.body['Message'])}`);
      this.#end(actor);
      const wrong = wrongAnswer(call, answered, this.moments, since, this.calls);
      answer = answered;
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
    for (const moment of this.moments) {
      for (const operation of operationsOf(moment)) {
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
    const task = (tasks[workflow] as Readonly<Record<string, Task<typeof run.data>>>)[run.state] as Task<
      typeof run.data
    >;
    void task(structuredClone(run.data), this.#context(actor)).then(
      (progress) => {
        this.#end(actor);
        this.steps.succeeded(run, progress ?? undefined);
      },
      (error: unknown) => {
        this.#end(actor);
        const { name: what, message } = error as Error;
        this.trace.push(`${actor.name}: throws ${what}: ${message}`);
        this.steps.failed(run, what, message);
      },
    );
    return actor;
  }

  /** A function that nobody waits for, as Lambda calls one for an event. */
  invoked(name: string, work: (asking: Asking) => Promise<unknown>): Actor {
    const actor = this.#actor('training', name, 0);
    void work(this.#asking(actor))
      .catch((error: unknown) => {
        this.trace.push(`${name}: throws ${String(error)}`);
      })
      .then(() => this.#end(actor));
    return actor;
  }

  /** What an actor carries out: the operation of a call, the state of a task; else its kind. */
  carriesOut(actor: Actor): string {
    const run = this.#runs.get(actor);
    if (run === undefined) return this.#causes.get(actor) ?? actor.kind;
    return `${run.execution.workflow} ${actor.name.split(' ')[0] ?? ''}`;
  }

  sweep(skew: number): Actor {
    const actor = this.#actor('sweep', `sweep-${this.#ids++}`, skew);
    void sweep(this.#context(actor))
      .catch(() => undefined)
      .then(() => this.#end(actor));
    return actor;
  }

  #end(actor: Actor): void {
    actor.over = true;
    this.actors = this.actors.filter((other) => other !== actor);
  }

  /**
   * Ends a function from outside. @param late whether what it had sent may still arrive, until its time limit
   */
  kill(actor: Actor, late: boolean): void {
    const left = this.gate.end(actor);
    this.#end(actor);
    this.trace.push(`${actor.name} is killed`);
    // Objects are written by the function itself, so what it was copying ends with it.
    if (late)
      for (const entry of left)
        if (entry.writes && !/^(admit|discard|object)/.test(entry.label))
          this.late.push({ entry, until: actor.startedAt + timeLimits[actor.kind] });
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
    this.outside.passed();
    this.late = this.late.filter(({ until }) => until >= this.now);
    this.steps.expire();
    for (const actor of this.actors) if (this.#isOver(actor, milliseconds)) this.kill(actor, false);
  }

  #isOver(actor: Actor, slept: number): boolean {
    const age = this.now - actor.startedAt;
    if (this.on !== 'laptop') return age > timeLimits[actor.kind];
    const { workflow } = this.#runs.get(actor)?.execution ?? {};
    return (
      workflow !== 'hosting' &&
      workflow !== 'importing' &&
      slept > timeLimits.asleep &&
      age - slept > timeLimits.asleep
    );
  }

  async step(entry: Parked, fault: Fault): Promise<void> {
    if (fault !== 'none') this.trace.push(`${entry.actor.name}: ${entry.label} meets ${fault}`);
    await entry.release(entry.label === 'sleep' ? 'none' : fault);
    this.raise();
  }

  /** Lets an actor go on to its end, or to the first request of which `until` holds. */
  async finish(actor: Actor, until: (entry: Parked) => boolean = () => false): Promise<void> {
    for (let next = this.#next(actor); next !== undefined && !until(next); next = this.#next(actor))
      await this.step(next, 'none');
  }

  #next = (actor: Actor): Parked | undefined => this.gate.parked.find((entry) => entry.actor === actor);

  /**
   * The process of everything ends; on a laptop the engine's state ends with it, and the next host brings
   * back what was hosted.
   */
  async restart(): Promise<void> {
    this.trace.push('restart');
    for (const actor of this.actors) this.kill(actor, this.on !== 'laptop');
    for (const run of this.steps.runs) this.steps.abort(run);
    this.#hosted = new HostedMemory();
    if (this.on !== 'laptop') return;
    this.outside.restart();
    await this.capture();
    const actor = this.#actor('sweep', `restore-${this.#ids++}`, 0);
    void restore(this.#context(actor))
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .then(() => this.#end(actor));
    await this.finish(actor);
  }
}
