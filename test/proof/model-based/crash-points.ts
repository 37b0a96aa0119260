import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { startDatabase } from '../../../lambdas/local/database.ts';
import { documentClient } from '../../../lambdas/local/table-client.ts';
import type { CallName, Command, History } from './commands.ts';
import { settled, type Actor, type Parked } from './gate.ts';
import { carryOut, prologue } from './history.ts';
import { checkOperations } from './invariants.ts';
import { stateOf } from './reference.ts';
import { learn, rest, type Finish } from './rest.ts';
import { Simulation } from './simulation.ts';
import { inSimulation } from './in-simulation.ts';

/**
 * How somebody ends at a request: before it is sent; after it was carried out and before its answer came; or while
 * it is on its way, so that it arrives when somebody else is at work.
 */
const ways = ['before', 'after', 'late'] as const;

export interface CrashPoint {
  /** Which request outside of the table it is, counted from 1. */
  readonly at: number;
  readonly way: (typeof ways)[number];
}

/** What is called, of which version, and what the version is when all has come to rest. */
type Step = readonly [operation: CallName, version: number, state: string];

export interface LambdaLife {
  readonly name: string;
  readonly on: Extract<History['on'], 'lambda' | 'onDemand'>;
  readonly about: History['about'];
  readonly steps: readonly Step[];
}

const hosting: readonly Step[] = [
  ['StartModel', 2, 'HOSTED'],
  ['StopModel', 2, 'TRAINED'],
  ['DeleteModel', 2, 'none'],
];

/** A model is hosted with units that follow demand, stopped and deleted; one is trained and deleted. */
export const lambdaLives: readonly LambdaLife[] = [
  { name: 'provisioned units', on: 'lambda', about: 'hosting', steps: hosting },
  { name: 'units on demand', on: 'onDemand', about: 'hosting', steps: hosting },
  {
    name: 'training',
    on: 'lambda',
    about: 'learning',
    steps: [
      ['CreateModel', 2, 'TRAINED'],
      ['DeleteModel', 2, 'none'],
    ],
  },
];

/** Requests of the engine, the importer, the trainer and the function that trains. */
const isOutside = ({ label }: Parked): boolean =>
  /^(Create|Get|Put|Delete|Tag|Register|Deregister)[A-Z]\w+$|^Invoke$|^object/.test(label);

/**
 * Lives through a life in which somebody ends at the point, if there is one.
 * @param begin told of the world before anything happens in it
 * @returns how many points there were, and the name of the one that was ended at
 * @throws Error with what did not hold
 */
export async function live(
  client: DynamoDBDocumentClient,
  { on, about, steps }: LambdaLife,
  point?: CrashPoint,
  begin: (world: Simulation) => void = () => undefined,
): Promise<{ readonly points: number; readonly ended?: string }> {
  const world = new Simulation(client, on);
  begin(world);
  let points = 0;
  let ended: string | undefined;
  const finish: Finish = async (actor, until = () => false) => {
    const isPoint = (entry: Parked): boolean => {
      if (!isOutside(entry)) return false;
      points += 1;
      return points === point?.at;
    };
    await world.finish(actor, (entry) => until(entry) || isPoint(entry));
    if (ended !== undefined || point === undefined || points !== point.at || actor.over) return;
    const entry = world.gate.parked.find((each) => each.actor === actor);
    if (entry === undefined || !isOutside(entry)) return;
    ended = `${actor.name}: ${entry.label}`;
    await end(actor, entry, point.way);
  };
  const end = async (actor: Actor, entry: Parked, way: CrashPoint['way']): Promise<void> => {
    if (way === 'after') await world.step(entry, 'lose');
    if (!actor.over) world.kill(actor, way === 'late');
  };
  const call = async ([operation, version]: Step): Promise<void> => {
    const units = 2; // and up to three
    const command: Command = {
      do: 'call',
      operation,
      project: 0,
      version,
      token: 0,
      units,
      skew: 0,
      finish: true,
    };
    await carryOut(world, command);
  };
  return inSimulation(client, world, async () => {
    await world.capture();
    await prologue(world, about);
    await rest(world);
    for (const [index, step] of steps.entries()) {
      const stateNow = (): string => stateOf(world.moments.at(-1)?.models.get(`parts/${step[1]}`));
      await call(step);
      const before = ended;
      // While a request is on its way, whoever comes next begins.
      const next = steps[index + 1];
      const overtaken: Finish = async (actor, until) => {
        await finish(actor, until);
        if (before !== undefined || ended === undefined || world.late.length === 0) return;
        if (next !== undefined) await call(next);
        for (const run of world.steps.runs.filter(({ busy }) => !busy).slice(-1))
          await world.finish(world.task(run, 0));
        for (const late of [...world.late]) await world.arrive(late);
      };
      await carryOn(world, overtaken);
      await rest(world, overtaken);
      await settled();
      const state = stateNow();
      const overtook = point?.way === 'late' && before === undefined && ended !== undefined;
      if (state !== step[2] && !overtook) throw new Error(`${step[0]} ended in ${state}`);
    }
    world.note();
    checkOperations(world.began);
    return { points, ...(ended !== undefined && { ended }) };
  });
}

/** Executions go on by themselves, and no sweep comes by, until none is left. */
async function carryOn(world: Simulation, finish: Finish): Promise<void> {
  for (let round = 0; round < 40 && world.steps.runs.length > 0; round += 1) {
    await world.outside.goOn(round > 5);
    await learn(world, finish);
    for (const run of [...world.steps.runs].filter(({ busy }) => !busy)) {
      world.pass(Math.max(0, run.readyAt - world.now));
      if (world.steps.runs.includes(run)) await finish(world.task(run, 0));
    }
    world.raise();
  }
}

export interface LambdaMatrix {
  readonly points: number;
  readonly endedAt: readonly string[];
  readonly wrong: readonly string[];
}

/**
 * Once undisturbed to learn how many points there are, then once for each of them and each way to end, in the
 * order given by `order`, until `until` (epoch milliseconds).
 * @param least so many are tried however slow the machine is
 */
export async function lambdaMatrix(
  client: DynamoDBDocumentClient,
  life: LambdaLife,
  until: number,
  order: (points: readonly CrashPoint[]) => readonly CrashPoint[] = (points) => points,
  least = 1,
): Promise<LambdaMatrix> {
  const { points } = await live(client, life);
  const all = Array.from({ length: points }, (_, index) =>
    ways.map((way) => ({ at: index + 1, way })),
  ).flat();
  const endedAt: string[] = [];
  const wrong: string[] = [];
  for (const point of order(all)) {
    if (Date.now() >= until && endedAt.length >= least) break;
    try {
      const { ended } = await live(client, life, point);
      if (ended !== undefined) endedAt.push(`${point.way} ${ended}`);
    } catch (error) {
      wrong.push(`${life.name}, ended ${point.way} request ${point.at}: ${(error as Error).message}`);
    }
  }
  return { points, endedAt, wrong };
}

/** Every life in a database of its own, each for so many milliseconds. */
export async function lambdaMatrices(
  milliseconds: number,
): Promise<readonly (LambdaMatrix & { readonly life: string })[]> {
  const database = await startDatabase(undefined, { register: () => undefined, unregister: () => undefined });
  const client = documentClient(database);
  const all: (LambdaMatrix & { readonly life: string })[] = [];
  try {
    for (const life of lambdaLives)
      all.push({ life: life.name, ...(await lambdaMatrix(client, life, Date.now() + milliseconds)) });
    return all;
  } finally {
    client.destroy();
    await database.close();
  }
}
