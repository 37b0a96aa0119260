import { settled } from './gate.ts';
import { checkQuiet } from './invariants.ts';
import { passing, serving } from './reference.ts';
import type { Simulation } from './simulation.ts';

/** For so many rounds everything may take as long as it was going to; then what is still at work succeeds. */
const patience = 100;

/**
 * Everybody gets to the end, engine and trainer do what they were told, time passes and the sweep comes by,
 * until nothing is left to do, and nothing that was promised to be removed.
 */
export async function rest(world: Simulation): Promise<void> {
  world.late = [];
  for (const actor of [...world.actors]) await world.finish(actor);
  for (let round = 0; round < 150; round += 1) {
    await outsideGoesOn(world, round > patience);
    for (const run of [...world.steps.runs].filter(({ busy }) => !busy)) {
      world.pass(Math.max(0, run.readyAt - world.now));
      if (world.steps.runs.includes(run)) await world.finish(world.task(run, 0));
    }
    world.pass(61_000);
    await settled();
    await world.finish(world.sweep(0));
    world.raise();
    if (world.steps.runs.length > 0 || !(await isQuiet(world))) continue;
    if (world.moments.at(-1)?.scheduledDeletions.size === 0) break;
    world.pass(600_000);
  }
  checkQuiet(await world.capture(), world.excused);
}

async function outsideGoesOn({ engine, trainer }: Simulation, late: boolean): Promise<void> {
  for (const [id, { state }] of engine.resources) {
    if (state === 'removing') engine.vanish(id);
    if (state === 'updating') engine.resources.set(id, { state: 'ready' });
    // until then its deadline may pass
    if (state === 'creating' && late) engine.resources.set(id, { state: 'ready' });
  }
  if (!late) return;
  for (const id of trainer.atWork) {
    const spec = trainer.specs.get(id);
    if (spec !== undefined) await trainer.finish(spec);
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
  const ok = (id: string): boolean => world.engine.resources.get(id)?.state === 'ready';
  return [...deployments.values()].every(
    ({ id, endedAt }) => endedAt !== undefined || (current.includes(id) && ok(id)),
  );
}
