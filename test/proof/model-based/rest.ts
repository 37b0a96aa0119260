import { settled, type Actor, type Parked } from './gate.ts';
import { checkQuiet } from './invariants.ts';
import { passing, serving } from './reference.ts';
import type { Simulation } from './simulation.ts';

/** For so many rounds everything may take as long as it was going to; then what is still at work succeeds. */
const patience = 100;

/**
 * Everybody gets to the end, engine and trainer do what they were told, time passes and the sweep comes by,
 * until nothing is left to do, and nothing that was promised to be removed.
 */
export async function rest(world: Simulation, finish: Finish = world.finish.bind(world)): Promise<void> {
  world.late = [];
  for (const actor of [...world.actors]) if (actor.kind !== 'training') await finish(actor);
  for (let round = 0; round < 150; round += 1) {
    await world.outside.goOn(round > patience);
    await learn(world, finish);
    for (const run of [...world.steps.runs].filter(({ busy }) => !busy)) {
      world.pass(Math.max(0, run.readyAt - world.now));
      if (world.steps.runs.includes(run)) await finish(world.task(run, 0));
    }
    world.pass(61_000);
    await settled();
    await finish(world.sweep(0));
    world.raise();
    if (world.steps.runs.length > 0 || world.actors.length > 0 || !(await isQuiet(world))) continue;
    if (world.moments.at(-1)?.scheduledDeletions.size === 0) break;
    world.pass(600_000);
  }
  checkQuiet(await world.capture(), world.excused, world.outside);
}

/** Lets an actor go on to its end, or to the first request of which `until` holds. */
export type Finish = (actor: Actor, until?: (entry: Parked) => boolean) => Promise<void>;

/** Each training goes on as far as to where it waits next. */
export async function learn(world: Simulation, finish: Finish): Promise<void> {
  const waits: (entry: Parked) => boolean = ({ label }) => label === 'sleep';
  for (const actor of world.actors.filter(({ kind }) => kind === 'training')) {
    await finish(actor, waits);
    const waiting = world.gate.parked.find((entry) => entry.actor === actor);
    if (waiting !== undefined) await world.step(waiting, 'none');
    await finish(actor, waits);
  }
}

async function isQuiet(world: Simulation): Promise<boolean> {
  const { models, datasets, jobs, deployments } = await world.capture();
  if (
    [...models.values(), ...datasets.values(), ...jobs.values()].some(({ status }) =>
      passing.includes(status),
    )
  )
    return false;
  const current = [...models.values()]
    .filter(({ status }) => serving.includes(status))
    .map(({ deploymentId }) => deploymentId);
  const ok = (id: string): boolean => world.outside.resources.get(id)?.state === 'ready';
  return [...deployments.values()].every(
    ({ id, endedAt }) => endedAt !== undefined || (current.includes(id) && ok(id)),
  );
}
