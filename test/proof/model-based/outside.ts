import type { Clock, ObjectStore } from '../../../lambdas/domain/ports.ts';
import type { HostingEngine, ModelImporter, Observation } from '../../../lambdas/engines/engine.ts';
import type { Trainer } from '../../../lambdas/engines/trainer.ts';
import type { MemoryObjects } from '../../helpers/artifacts.ts';
import { evaluation } from '../../helpers/scripted-engine.ts';
import type { Command } from './commands.ts';
import type { Actor, Gate } from './gate.ts';
import type { Must } from './invariants.ts';
import { KeepingEngine } from './keeping-engine.ts';
import { KeepingTrainer } from './keeping-trainer.ts';
import type { Moment } from './moments.ts';
import { gatedPorts } from './ports.ts';

/** What is outside of the table, as one actor reaches it: each request is a step of the history. */
export interface Ports {
  readonly engine: HostingEngine;
  readonly importer: ModelImporter;
  readonly trainer: Trainer;
  readonly objects: ObjectStore;
}

/** Who asks, with a clock of its own. */
export interface Asking {
  readonly gate: Gate;
  readonly actor: Actor;
  readonly clock: Clock;
  /** Told of every object that is written. */
  readonly writing: (path: string) => void;
}

type Of<Do extends Command['do']> = Extract<Command, { readonly do: Do }>;

/** The engine, the importer and the trainer of a history, and what happens to them without anybody asking. */
export interface Outside {
  /** By the ids of their deployments. */
  readonly resources: ReadonlyMap<string, Observation>;
  /** `project/version` of each model of whose artifact a copy is kept beside the objects. */
  readonly copies: ReadonlySet<string>;
  /** Ids of the trainings that are at work. */
  readonly atWork: ReadonlySet<string>;
  ports(asking: Asking): Ports;
  mood(command: Of<'mood'>): void;
  fate(command: Of<'fate'>): void;
  engineHappens(command: Of<'engine'>): void;
  trainerHappens(command: Of<'trainer'>): Promise<void>;
  /** What is under way goes on. @param late even what was going to take for ever */
  goOn(late: boolean): Promise<void>;
  /** Time has passed. */
  passed(): void;
  /** The process of everything ends, and with it what lives in it. */
  restart(): void;
  /** What else must hold at rest. */
  checkQuiet(now: Moment, must: Must): void;
}

export const among = <T>(list: readonly T[], pick: number): T | undefined => list[pick % list.length];

/** An engine and a trainer that do what a history says. */
export class ScriptedOutside implements Outside {
  readonly trainer: KeepingTrainer;
  readonly engine: KeepingEngine;
  readonly #objects: MemoryObjects;

  constructor(objects: MemoryObjects, sealed: boolean) {
    this.#objects = objects;
    this.trainer = new KeepingTrainer(objects);
    this.engine = new KeepingEngine(objects, (model) => {
      this.trainer.end(model);
    });
    this.engine.sealed = sealed;
  }

  get resources(): ReadonlyMap<string, Observation> {
    return this.engine.resources;
  }

  get copies(): ReadonlySet<string> {
    return this.engine.copies;
  }

  get atWork(): ReadonlySet<string> {
    return this.trainer.atWork;
  }

  ports({ gate, actor, writing }: Asking): Ports {
    return gatedPorts(
      gate,
      actor,
      { engine: this.engine, trainer: this.trainer, objects: this.#objects },
      writing,
    );
  }

  mood({ born, slowRemoval, admission }: Of<'mood'>): void {
    this.engine.born =
      born === 'failed' ? { state: 'failed', reason: 'There was no capacity.' } : { state: born };
    this.engine.removes = !slowRemoval;
    this.engine.admission =
      admission === 'yes'
        ? { admitted: true, artifact: { bucket: 'artifacts', prefix: 'copy/' }, evaluation }
        : admission === 'no'
          ? { admitted: false, reason: 'The file is no model.' }
          : { admitted: 'pending', note: 'It is being scanned.' };
  }

  fate({ fate }: Of<'fate'>): void {
    this.trainer.fate = fate;
  }

  engineHappens({ pick, event }: Of<'engine'>): void {
    const { resources } = this.engine;
    const [id, state] = among([...resources], pick) ?? [];
    if (id === undefined || state === undefined) return;
    if (event === 'vanish' && state.state === 'removing') this.engine.vanish(id);
    if (event === 'gone') this.engine.vanish(id);
    if (state.state === 'removing') return;
    if (event === 'ready' && state.state !== 'failed') resources.set(id, { state: 'ready' });
    if (event === 'failed') resources.set(id, { state: 'failed', reason: 'The hardware failed.' });
    if (event === 'updating' && state.state === 'ready') resources.set(id, { state: 'updating' });
  }

  async trainerHappens({ pick, event }: Of<'trainer'>): Promise<void> {
    const { jobs, specs } = this.trainer;
    const [id, { state }] = among([...jobs], pick) ?? ['', { state: 'missing' }];
    const spec = specs.get(id);
    if (spec === undefined) return;
    if (event === 'forget') jobs.delete(id);
    if (event === 'done' && state === 'running') await this.trainer.finish(spec);
    if (event === 'failed' && state === 'running')
      jobs.set(id, { state: 'failed', reason: 'The pictures cannot be read.' });
  }

  async goOn(late: boolean): Promise<void> {
    const { resources } = this.engine;
    for (const [id, { state }] of resources) {
      if (state === 'removing') this.engine.vanish(id);
      if (state === 'updating') resources.set(id, { state: 'ready' });
      // until then its deadline may pass
      if (state === 'creating' && late) resources.set(id, { state: 'ready' });
    }
    if (!late) return;
    for (const id of this.trainer.atWork) {
      const spec = this.trainer.specs.get(id);
      if (spec !== undefined) await this.trainer.finish(spec);
    }
  }

  passed(): void {
    // nothing here goes by time
  }

  restart(): void {
    this.engine.forgetAll();
    this.trainer.forgetWork();
  }

  checkQuiet(now: Moment, must: Must): void {
    for (const id of now.atWork) {
      // Whoever fails a training may die before it has ended it: then it ends by its own time limit, or with
      // its version.
      const whose = [...now.models.values()].find(({ operation }) => operation.id === id);
      must(whose?.status === 'TRAINING_FAILED', `training ${id} is at work for nobody`);
    }
  }
}
