import type { ObjectLocation, ObjectStore } from '../../../lambdas/domain/ports.ts';
import type { HostingEngine, Observation } from '../../../lambdas/engines/engine.ts';
import { createLambdaDetector } from '../../../lambdas/engines/lambda/detect.ts';
import { createLambdaEngine } from '../../../lambdas/engines/lambda/engine.ts';
import { createLambdaImporter } from '../../../lambdas/engines/lambda/importer.ts';
import { createLambdaTrainer } from '../../../lambdas/engines/lambda/trainer.ts';
import { carryOut, type TrainerFunctionOptions } from '../../../lambdas/engines/lambda/trainer-function.ts';
import {
  controlPrefix,
  heartbeatAt,
  type Heartbeat,
  type TrainerEvent,
} from '../../../lambdas/engines/lambda/training-control.ts';
import { versionNameOf } from '../../../lambdas/engines/names.ts';
import { resultsAt } from '../../../lambdas/engines/training/progress.ts';
import { TrainingFailed, TrainingStopped } from '../../../lambdas/vision/fitting/failures.ts';
import { json, manifest, type MemoryObjects } from '../../helpers/artifacts.ts';
import { silent } from '../../helpers/engine.ts';
import { FakeLambda } from '../../helpers/fake-lambda/fake.ts';
import { unitSettings } from '../../helpers/fake-lambda/unit-settings.ts';
import { VirtualClock } from '../../helpers/fake-sagemaker/clock.ts';
import { ServiceError, type Input } from '../../helpers/fake-sagemaker/service-error.ts';
import type { Command, History } from './commands.ts';
import type { Actor } from './gate.ts';
import type { Must } from './invariants.ts';
import type { Fate } from './keeping-trainer.ts';
import type { Moment } from './moments.ts';
import { among, type Asking, type Outside, type Ports } from './outside.ts';
import { gatedObjects } from './ports.ts';

type OnLambda = Extract<History['on'], 'lambda' | 'onDemand'>;
type Of<Do extends Command['do']> = Extract<Command, { readonly do: Do }>;

export const isLambda = (on: History['on']): on is OnLambda => on === 'lambda' || on === 'onDemand';

/** As much of a history as this needs. */
interface Around {
  readonly now: number;
  readonly objects: MemoryObjects;
  /** Begins a function that nobody waits for. */
  invoked(name: string, work: (asking: Asking) => Promise<unknown>): Actor;
  kill(actor: Actor, late: boolean): void;
}

export interface AwsCall {
  readonly service: 'lambda' | 'scaling' | 's3';
  readonly operation: string;
  /** As of the service; of S3 `bucket` and `key`. */
  readonly input: Input;
}

const stage = 'test';
const artifacts = { bucket: 'artifacts', prefix: '' };
const place = { stage, artifacts };
/** Functions of the stack: what checks artifacts, and what trains. */
const own = { admission: 'admission', trainer: 'trainer' } as const;
/** In milliseconds: of what takes for ever unless somebody says otherwise. */
const never = 1e12;
const unitNames = `cn-${stage}-`;

/**
 * The engine, the importer and the trainer that a stack has without SageMaker: they, and the function that trains,
 * are the real ones; Lambda behind them keeps state. What a training learns is left out.
 */
export class LambdaOutside implements Outside {
  readonly fake: FakeLambda;
  readonly copies: ReadonlySet<string> = new Set();
  /** Told of every call of AWS but those of the table, and who makes it. */
  called: (actor: Actor, call: AwsCall) => void = () => undefined;
  readonly #around: Around;
  readonly #clients: ReturnType<FakeLambda['clients']>;
  readonly #mode: 'provisioned' | 'onDemand';
  /** By its actor: which training a function is at work on, and what comes of it. */
  readonly #trainings = new Map<Actor, { readonly event: TrainerEvent; fate: Fate }>();
  /** The orders that were begun with. */
  readonly #begun = new Set<string>();
  #fate: Fate = 'done';
  #admission: Of<'mood'>['admission'] = 'yes';
  #events = 0;
  #hurry = false;

  constructor(around: Around, on: OnLambda) {
    this.#around = around;
    this.#mode = on === 'lambda' ? 'provisioned' : 'onDemand';
    const clock = new VirtualClock();
    clock.now = () => around.now;
    this.fake = new FakeLambda(clock);
    this.#clients = this.fake.clients();
    for (const name of Object.values(own))
      this.fake.functions.set(name, { input: {}, tags: new Map(), activeAt: 0 });
    this.fake.unit = (event, name) => this.#answer(event, name);
    for (const version of [1, 2, 3]) {
      around.objects.objects.set(`models/v${version}/model.onnx`, Buffer.from('a model'));
      around.objects.objects.set(`models/v${version}/model.json`, json(manifest));
    }
  }

  get resources(): ReadonlyMap<string, Observation> {
    return new Map(
      this.#units().map(([id, { activeAt, provisioned, tags }]): [string, Observation] => {
        const { now } = this.#around;
        if (now < activeAt) return [id, { state: 'creating' }];
        const warm = this.#mode === 'onDemand' && tags.has('crowsnest:warm');
        return [
          id,
          provisioned?.failed !== undefined && now >= provisioned.readyAt
            ? { state: 'failed', reason: provisioned.failed }
            : warm || (provisioned !== undefined && now >= provisioned.readyAt)
              ? { state: 'ready' }
              : { state: 'creating' },
        ];
      }),
    );
  }

  get atWork(): ReadonlySet<string> {
    return new Set([...this.#trainings].filter(([{ over }]) => !over).map(([, { event }]) => event.spec.id));
  }

  #units() {
    return [...this.fake.functions]
      .filter(([name]) => name.startsWith(unitNames))
      .map(([name, found]) => [name.slice(unitNames.length), found] as const);
  }

  ports(asking: Asking): Ports {
    const { clock } = asking;
    const lambda = this.#gated(asking, 'lambda', this.#clients.lambda);
    const objects = this.#objects(asking);
    const engine: HostingEngine = {
      ...createLambdaEngine({
        stage,
        lambda,
        scaling: this.#gated(asking, 'scaling', this.#clients.scaling),
        clock,
        units: { ...unitSettings, mode: this.#mode },
        pack: () => Promise.resolve(Buffer.from('a package')),
      }),
      ...createLambdaDetector({ stage, lambda, clock, log: silent, unitTimeout: 10_000 }),
    };
    return {
      engine,
      importer: createLambdaImporter({ ...place, lambda, objects, clock, functionName: own.admission }),
      trainer: createLambdaTrainer({
        ...place,
        lambda,
        objects,
        clock,
        functionName: own.trainer,
      }),
      objects,
    };
  }

  /** A client whose every request is a step of the history. */
  #gated<Client extends { send: unknown }>(
    { gate, actor }: Asking,
    service: 'lambda' | 'scaling',
    client: Client,
  ): Client {
    const send = (command: { readonly constructor: { readonly name: string }; readonly input: object }) => {
      const operation = command.constructor.name.replace('Command', '');
      return gate.io(
        actor,
        operation,
        !/^(Get|List)/.test(operation),
        () => {
          this.called(actor, { service, operation, input: command.input as Input });
          return (client.send as (command: unknown) => Promise<unknown>).call(client, command);
        },
        () => Object.assign(new Error('Rate exceeded'), { name: 'TooManyRequestsException' }),
      );
    };
    return { send } as unknown as Client;
  }

  #objects({ gate, actor, writing }: Asking): ObjectStore {
    const { objects } = this.#around;
    const told = (operation: string, bucket: string, key: string): void => {
      this.called(actor, { service: 's3', operation, input: { bucket, key } });
    };
    return gatedObjects(
      gate,
      actor,
      {
        read(location) {
          told('GetObject', location.bucket, location.key);
          return objects.read(location);
        },
        stream(location, from) {
          told('GetObject', location.bucket, location.key);
          return objects.stream(location, from);
        },
        write(location, bytes) {
          told('PutObject', location.bucket, location.key);
          return objects.write(location, bytes);
        },
        list(bucket, prefix) {
          told('ListBucket', bucket, '');
          return objects.list(bucket, prefix);
        },
        removeAll(bucket, prefix) {
          told('ListBucket', bucket, '');
          told('DeleteObject', bucket, prefix);
          return objects.removeAll(bucket, prefix);
        },
      },
      writing,
    );
  }

  /** With `If-None-Match: *`. */
  #writeNew({ gate, actor }: Asking): TrainerFunctionOptions['objects']['writeNew'] {
    const { objects } = this.#around.objects;
    return ({ bucket, key }, bytes) =>
      gate.io(actor, `object claim ${key.slice(-6)}`, true, () => {
        this.called(actor, { service: 's3', operation: 'PutObject', input: { bucket, key } });
        const fresh = !objects.has(`${bucket}/${key}`);
        if (fresh) objects.set(`${bucket}/${key}`, bytes);
        return Promise.resolve(fresh);
      });
  }

  #answer(event: unknown, name: string): { readonly payload: unknown } {
    if (name === own.trainer) {
      this.#deliver(event as TrainerEvent);
      return { payload: null };
    }
    if (name === own.admission) {
      if (this.#admission === 'pending')
        throw new ServiceError('TooManyRequestsException', 'Rate Exceeded.', 429);
      return { payload: { problems: this.#admission === 'no' ? ['The file is no model'] : [] } };
    }
    return (event as { readonly kind: string }).kind === 'warmUp'
      ? { payload: { kind: 'warm' } }
      : { payload: { kind: 'verdict', verdict: { isAnomalous: true, confidence: 0.97 } } };
  }

  /** At least once: every third event comes twice. */
  #deliver(event: TrainerEvent): void {
    this.#events += 1;
    for (let time = 0; time < (this.#events % 3 === 0 ? 2 : 1); time += 1) this.#begin(event);
  }

  #begin(event: TrainerEvent): void {
    const training = { event, fate: this.#fate };
    const actor = this.#around.invoked(`training-${this.#events} ${event.spec.id.slice(-6)}`, (asking) => {
      const { clock } = asking;
      const objects = {
        ...this.#objects(asking),
        writeNew: this.#writeNew(asking),
      };
      let beat: () => Promise<void> = () => Promise.resolve();
      const options: TrainerFunctionOptions = {
        ...place,
        objects,
        clock,
        log: silent,
        runner: {},
        pulse: (work) => {
          beat = work;
          return { end: () => Promise.resolve() };
        },
        learn: async (spec, { wanted, signal }) => {
          this.#claimed(event);
          const until = clock.now() + (training.fate === 'running' ? 750_000 : 20_000);
          while (clock.now() < until && !(this.#hurry && training.fate === 'running')) {
            await clock.sleep(20_000);
            await beat();
            if (signal.aborted) throw new TrainingStopped();
          }
          if (training.fate === 'failed' || training.fate === 'refused')
            throw new TrainingFailed('The pictures are all alike.');
          if (wanted !== undefined && !(await wanted())) throw new TrainingStopped();
          await writeModel(objects, spec);
        },
      };
      return carryOut(options, event, () => 900_000);
    });
    this.#trainings.set(actor, training);
  }

  /** Two deliveries of one order, and two orders of one number, are one training. */
  #claimed({ spec: { id }, n }: TrainerEvent): void {
    const order = `${id} ${n}`;
    if (this.#begun.has(order)) throw new Error(`order ${order} was carried out twice`);
    this.#begun.add(order);
  }

  mood({ born, slowRemoval, admission }: Of<'mood'>): void {
    this.#admission = admission;
    this.fake.life = {
      hidden: born === 'creating' ? 8000 : 0,
      creating: slowRemoval ? 30_000 : 0,
      provisioning: born === 'creating' ? never : 0,
    };
    this.fake.provisioningFails = born === 'failed' ? 'FUNCTION_ERROR_INIT_FAILURE' : undefined;
  }

  fate({ fate }: Of<'fate'>): void {
    this.#fate = fate;
  }

  engineHappens({ pick, event }: Of<'engine'>): void {
    const [id, unit] = among(this.#units(), pick) ?? [];
    if (id === undefined || unit === undefined) return;
    const { now } = this.#around;
    if (event === 'gone') this.fake.functions.delete(`${unitNames}${id}`);
    if (event === 'updating') unit.updatingUntil = now + 60_000;
    const { provisioned } = unit;
    if (provisioned === undefined) return;
    if (event === 'ready') provisioned.readyAt = Math.min(provisioned.readyAt, now);
    if (event === 'failed') {
      provisioned.readyAt = now;
      provisioned.failed = 'The hardware failed.';
    }
    if (event === 'updating') provisioned.readyAt = now + 60_000;
  }

  trainerHappens({ pick, event }: Of<'trainer'>): Promise<void> {
    const [actor, training] =
      among(
        [...this.#trainings].filter(([{ over }]) => !over),
        pick,
      ) ?? [];
    if (actor === undefined || training === undefined) return Promise.resolve();
    if (event === 'forget') this.#around.kill(actor, false);
    else training.fate = event;
    return Promise.resolve();
  }

  async goOn(late: boolean): Promise<void> {
    this.#hurry = late;
    for (const [, { provisioned }] of this.#units()) {
      if (provisioned !== undefined && (late || provisioned.readyAt < never))
        provisioned.readyAt = Math.min(provisioned.readyAt, this.#around.now);
    }
    return Promise.resolve();
  }

  /** The heartbeat of a function does not wait for what else it does. */
  passed(): void {
    const { objects } = this.#around.objects;
    for (const [{ over }, { event }] of this.#trainings) {
      const location = heartbeatAt(place, event.spec.model);
      const path = `${location.bucket}/${location.key}`;
      const last = objects.get(path);
      if (over || last === undefined) continue;
      const heartbeat = JSON.parse(Buffer.from(last).toString()) as Heartbeat;
      if (heartbeat.n === event.n && heartbeat.over === undefined)
        objects.set(path, json({ ...heartbeat, at: this.#around.now }));
    }
  }

  /** Nothing of this lives in the host. */
  restart(): void {
    this.#admission = 'yes';
  }

  checkQuiet(now: Moment, must: Must): void {
    must(now.atWork.size === 0, `functions are at work for ${[...now.atWork].join()}`);
    for (const target of this.fake.targets.keys()) {
      const name = target.split(':')[1] ?? '';
      must(this.fake.functions.has(name), `${target} is still scaled`);
    }
    const living = [...now.models.values()];
    const kept = living.flatMap((model) => [
      `artifacts/${controlPrefix(place, model)}`,
      `artifacts/checks/${versionNameOf(place, model)}/`,
    ]);
    for (const path of now.objects) {
      if (!/^artifacts\/(trainings|checks)\//.test(path)) continue;
      must(
        kept.some((prefix) => path.startsWith(prefix)),
        `${path} was left of a version that is gone`,
      );
    }
    for (const { id, units } of now.deployments.values()) {
      const unit = this.fake.functions.get(`${unitNames}${id}`);
      if (unit === undefined || this.#mode === 'onDemand') continue;
      must(
        unit.provisioned !== undefined && unit.provisioned.requested === units.min,
        `${id} wants ${units.min} units and has ${unit.provisioned?.requested ?? 'none'}`,
      );
    }
  }
}

/** As `learn` does: the results last. */
async function writeModel(objects: Pick<ObjectStore, 'write'>, spec: TrainerEvent['spec']): Promise<void> {
  const { bucket, prefix } = spec.workspace;
  const at = (name: string): ObjectLocation => ({ bucket, key: `${prefix}${name}` });
  await objects.write(at('model.onnx'), Buffer.from(`trained by ${spec.id}`));
  await objects.write(at('model.json'), json(manifest));
  const results = {
    f1Score: 1,
    precision: 1,
    recall: 1,
    rocAuc: 1,
    averagePrecision: 1,
    evaluatedAt: Date.parse('2026-01-15T12:30:00Z'),
    images: { train: 20, test: 10 },
    pictures: [],
  };
  await objects.write(resultsAt(spec), json(results));
}
