import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { CallName, Command, History } from './commands.ts';
import { settled } from './gate.ts';
import { checkOperations } from './invariants.ts';
import { inSimulation } from './in-simulation.ts';
import { among } from './outside.ts';
import { requestOf } from './requests.ts';
import { rest } from './rest.ts';
import { Simulation } from './simulation.ts';

/** @throws Error with what did not hold, and the last steps that led there */
export async function live(
  client: DynamoDBDocumentClient,
  history: History,
): Promise<{ readonly steps: number }> {
  const world = new Simulation(client, history.on);
  return inSimulation(client, world, async () => {
    await world.capture();
    await prologue(world, history.about);
    for (const command of history.commands) {
      await carryOut(world, command);
      world.raise();
    }
    await rest(world);
    world.note();
    checkOperations(world.began);
    return { steps: world.trace.length };
  });
}

const beginnings: Readonly<Record<History['about'], readonly CallName[]>> = {
  hosting: ['CreateProject', 'ImportModel', 'ImportModel', 'ImportModel'],
  learning: ['CreateProject', 'ImportModel', 'CreateDataset'],
};

/**
 * So that histories need not begin by making it: one project with three models, one more than may run; or
 * with a dataset that can be learnt from, and a model. The first model is still being imported.
 */
export async function prologue(world: Simulation, about: History['about'] = 'hosting'): Promise<void> {
  for (const operation of beginnings[about])
    await carryOut(world, {
      do: 'call',
      operation,
      project: 0,
      version: 1,
      token: 0,
      units: 1,
      skew: 0,
      finish: true,
    });
  const [, ...others] = world.steps.runs;
  for (const run of others) while (world.steps.runs.includes(run)) await world.finish(world.task(run, 0));
}

/** What makes, changes or removes something outside of the table. */
const orders = /^(create|scale|remove|train|BatchWrite|(Create|Put|Delete|Register|Deregister|Invoke)[A-Z]?)/;

export async function carryOut(world: Simulation, command: Command): Promise<void> {
  switch (command.do) {
    case 'call': {
      const { called, request } = requestOf(command);
      const actor = world.call(called, request, command.skew);
      await settled();
      if (command.finish) await world.finish(actor);
      return;
    }
    case 'step': {
      const entry = among(world.gate.parked, command.pick);
      if (entry !== undefined) await world.step(entry, command.fault);
      return;
    }
    case 'finish': {
      const actor = among(world.actors, command.pick);
      if (actor !== undefined) await world.finish(actor);
      return;
    }
    case 'task': {
      const run = among(
        world.steps.runs.filter(({ busy }) => !busy),
        command.pick,
      );
      if (run === undefined) return;
      world.pass(Math.max(0, run.readyAt - world.now));
      if (!world.steps.runs.includes(run)) return;
      const actor = world.task(run, command.skew);
      await settled();
      if (command.finish) await world.finish(actor);
      return;
    }
    case 'run': {
      const run = among(
        world.steps.runs.filter(({ busy }) => !busy),
        command.pick,
      );
      for (let task = 0; task < 8 && run !== undefined && world.steps.runs.includes(run); task += 1) {
        world.pass(Math.max(0, run.readyAt - world.now));
        if (world.steps.runs.includes(run)) await world.finish(world.task(run, 0));
      }
      return;
    }
    case 'kill': {
      const actor = among(world.actors, command.pick);
      if (actor !== undefined) world.kill(actor, command.late && world.on !== 'laptop');
      return;
    }
    case 'arrive': {
      const late = among(world.late, command.pick);
      if (late !== undefined) await world.arrive(late);
      return;
    }
    case 'strand': {
      const run = among(
        world.steps.runs.filter(({ busy }) => !busy),
        command.pick,
      );
      if (run === undefined) return;
      world.pass(Math.max(0, run.readyAt - world.now));
      if (!world.steps.runs.includes(run)) return;
      const actor = world.task(run, command.skew);
      await settled();
      await world.finish(actor, ({ label }) => orders.test(label));
      if (!actor.over) world.kill(actor, world.on !== 'laptop');
      return;
    }
    case 'slow': {
      const run = among(
        world.steps.runs.filter(({ busy, execution: { workflow } }) => !busy && workflow === 'datasets'),
        command.pick,
      );
      if (run === undefined) return;
      world.pass(Math.max(0, run.readyAt - world.now));
      if (!world.steps.runs.includes(run)) return;
      const actor = world.task(run, 0);
      await settled();
      await world.finish(actor, ({ label }) => /^(Query|object bytes)/.test(label));
      world.pass(25_000);
      return world.finish(actor);
    }
    case 'trainer':
      await world.outside.trainerHappens(command);
      await world.capture();
      return;
    case 'fate':
      return world.outside.fate(command);
    case 'abort': {
      const run = among(world.steps.runs, command.pick);
      if (run !== undefined) world.steps.abort(run);
      return;
    }
    case 'sweep': {
      const actor = world.sweep(command.skew);
      await settled();
      if (command.finish) await world.finish(actor);
      return;
    }
    case 'time':
      return world.pass(command.seconds * 1000);
    case 'engine':
      world.outside.engineHappens(command);
      await world.capture();
      return;
    case 'mood':
      return world.outside.mood(command);
    case 'restart':
      return world.restart();
  }
}
