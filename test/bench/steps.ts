import { startDatabase } from '../../lambdas/local/database.ts';
import { documentClient, ensureTable } from '../../lambdas/local/table-client.ts';
import { carryOut, prologue } from '../proof/model-based/history.ts';
import { ScriptedOutside } from '../proof/model-based/outside.ts';
import { Simulation } from '../proof/model-based/simulation.ts';
import { resultOf, type Result } from './measure.ts';

/** Seconds that an engine of SageMaker's kind needs to serve, and to be gone. */
const engine = { StartModel: 300, StopModel: 120 } as const;

/** Derived by hand in docs/benchmarks.md for those times. */
const byHand = {
  StartModel: { transitions: 35, calls: 13 },
  StopModel: { transitions: 27, calls: 10 },
} as const;

/**
 * What Step Functions and Lambda are paid for, counted while the real tasks carry out one start and one stop.
 */
export async function stepBenchmarks(): Promise<Result[]> {
  const database = await startDatabase(undefined, { register: () => undefined, unregister: () => undefined });
  const client = documentClient(database);
  try {
    const world = new Simulation(client, 'aws');
    await ensureTable(client, world.table);
    await world.capture();
    await prologue(world);
    world.steps.runs = [];
    const { engine: hosting } = scriptedBy(world);
    hosting.born = { state: 'creating' };
    hosting.removes = false;
    const results: Result[] = [];
    for (const operation of ['StartModel', 'StopModel'] as const) {
      const counted = await count(world, operation);
      for (const what of ['transitions', 'calls'] as const) {
        results.push(
          resultOf(
            {
              name: `steps-${operation === 'StartModel' ? 'start' : 'stop'}-${what}`,
              unit: what === 'calls' ? 'Lambda calls' : 'state transitions',
              goal: 'equal',
              meets: (ratio) => ratio === 1,
            },
            [{ ours: counted[what], against: byHand[operation][what] }],
          ),
        );
      }
    }
    return results;
  } finally {
    client.destroy();
    await database.close();
  }
}

function scriptedBy({ outside }: Simulation): ScriptedOutside {
  if (!(outside instanceof ScriptedOutside)) throw new Error('this history is not scripted');
  return outside;
}

async function count(
  world: Simulation,
  operation: keyof typeof engine,
): Promise<{ readonly transitions: number; readonly calls: number }> {
  const { steps } = world;
  const before = { entered: steps.entered, carriedOut: steps.carriedOut };
  await carryOut(world, {
    do: 'call',
    operation,
    project: 0,
    version: 2,
    token: 0,
    units: 1,
    skew: 0,
    finish: true,
  });
  const [run] = steps.runs;
  const ordered = world.now;
  while (run !== undefined && steps.runs.includes(run)) {
    world.pass(Math.max(0, run.readyAt - world.now));
    const done = world.now >= ordered + engine[operation] * 1000;
    const { engine: hosting } = scriptedBy(world);
    for (const id of hosting.resources.keys()) {
      if (done && operation === 'StartModel') hosting.resources.set(id, { state: 'ready' });
      if (done && operation === 'StopModel') hosting.vanish(id);
    }
    await world.finish(world.task(run, 0));
  }
  return { transitions: steps.entered - before.entered, calls: steps.carriedOut - before.carriedOut };
}
