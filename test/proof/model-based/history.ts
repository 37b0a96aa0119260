import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { DeleteTableCommand } from '@aws-sdk/client-dynamodb';
import { ensureTable } from '../../../lambdas/local/database.ts';
import { evaluation } from '../../helpers/scripted-engine.ts';
import type { Command, History } from './commands.ts';
import { settled } from './gate.ts';
import { checkOperations, checkQuiet } from './invariants.ts';
import { passing, serving } from './reference.ts';
import { Simulation } from './simulation.ts';

/** @throws Error with what did not hold, and the last steps that led there */
export async function live(client: DynamoDBDocumentClient, history: History): Promise<{ readonly steps: number }> {
  const world = new Simulation(client, history.on);
  await ensureTable(client, world.table);
  const { random } = Math;
  Math.random = () => 0.5; // jitter, which no history may depend on
  try {
    await world.capture();
    await prologue(world);
    for (const command of history.commands) {
      await carryOut(world, command);
      world.raise();
    }
    await rest(world);
    world.note();
    checkOperations(world.began);
    return { steps: world.trace.length };
  } catch (error) {
    (error as Error).message += `\nlast steps:\n  ${world.trace.slice(-60).join('\n  ')}\n`;
    throw error;
  } finally {
    Math.random = random;
    await client.send(new DeleteTableCommand({ TableName: world.table }) as never);
  }
}

/** One project with three models, one more than may run, so that histories need not begin by making them. The first is still being imported. */
export async function prologue(world: Simulation): Promise<void> {
  const calls = [['CreateProject', 0], ['ImportModel', 0], ['ImportModel', 0], ['ImportModel', 0]] as const;
  for (const [operation, project] of calls) await carryOut(world, { do: 'call', operation, project, version: 1, token: 0, units: 1, skew: 0, finish: true });
  for (const run of world.steps.runs.slice(1)) await world.finish(world.task(run, 0));
}

const among = <T>(list: readonly T[], pick: number): T | undefined => list[pick % list.length];

export async function carryOut(world: Simulation, command: Command): Promise<void> {
  switch (command.do) {
    case 'call': {
      const actor = makeCall(world, command);
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
      const run = among(world.steps.runs.filter(({ busy }) => !busy), command.pick);
      if (run === undefined) return;
      world.pass(Math.max(0, run.readyAt - world.now));
      if (!world.steps.runs.includes(run)) return;
      const actor = world.task(run, command.skew);
      await settled();
      if (command.finish) await world.finish(actor);
      return;
    }
    case 'kill': {
      const actor = among(world.actors, command.pick);
      if (actor !== undefined) world.kill(actor, command.late && world.on === 'aws');
      return;
    }
    case 'arrive': {
      const late = among(world.late, command.pick);
      if (late !== undefined) await world.arrive(late);
      return;
    }
    case 'strand': {
      const run = among(world.steps.runs.filter(({ busy }) => !busy), command.pick);
      if (run === undefined) return;
      world.pass(Math.max(0, run.readyAt - world.now));
      if (!world.steps.runs.includes(run)) return;
      const actor = world.task(run, command.skew);
      await settled();
      await world.finish(actor, ({ label }) => /^(create|scale|remove)/.test(label));
      if (!actor.over) world.kill(actor, world.on === 'aws');
      return;
    }
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
    case 'time': return world.pass(command.seconds * 1000);
    case 'engine': return happen(world, command);
    case 'mood': {
      const { engine } = world;
      engine.born = command.born === 'failed' ? { state: 'failed', reason: 'There was no capacity.' } : { state: command.born };
      engine.removes = !command.slowRemoval;
      engine.admission = command.admission === 'yes' ? { admitted: true, artifact: { bucket: 'artifacts', prefix: 'copy/' }, evaluation }
        : command.admission === 'no' ? { admitted: false, reason: 'The file is no model.' } : { admitted: 'pending', note: 'It is being scanned.' };
      return;
    }
    case 'restart': return world.restart();
  }
}

function makeCall(world: Simulation, { operation, project: index, version: number, token, units, skew }: Extract<Command, { do: 'call' }>): ReturnType<Simulation['call']> {
  const project = ['parts', 'bolts'][index] ?? '';
  const version = number === 0 && operation !== 'DeleteModel' ? 'latest' : String(Math.max(number, 1));
  const bodies: Partial<Record<typeof operation, unknown>> = {
    CreateProject: { ProjectName: project }, ImportModel: { Source: { S3: { Bucket: 'models', Prefix: `v${units}/` } } },
    StartModel: { MinInferenceUnits: units, ...(units > 1 && { MaxInferenceUnits: 3 }) }, TagResource: { Tags: [{ Key: 'k', Value: String(units) }] },
    DetectAnomalies: Buffer.from('picture'),
  };
  const tokens = ['CreateProject', 'DeleteProject', 'ImportModel', 'StartModel', 'StopModel', 'DeleteModel'];
  const ofModel = !['CreateProject', 'DeleteProject', 'ImportModel', 'ListModels'].includes(operation);
  const tagged = version === 'latest' ? '1' : version;
  const labels = operation === 'TagResource' ? { resourceArn: `arn:aws:lookoutvision:us-east-1:111122223333:model/${project}/${tagged}` } : { projectName: project, modelVersion: version };
  const given = {
    operation, project, ...(operation === 'TagResource' ? { version: tagged } : ofModel && version !== 'latest' && { version }), ...(token > 0 && tokens.includes(operation) && { token: `token-${token}` }),
    print: JSON.stringify([operation === 'CreateProject' ? {} : labels, operation === 'StopModel' || operation === 'DeleteModel' ? 0 : bodies[operation]]),
  };
  return world.call(given, { labels, body: bodies[operation] }, skew);
}

async function happen(world: Simulation, { pick, event }: Extract<Command, { do: 'engine' }>): Promise<void> {
  const [id, state] = among([...world.engine.resources], pick) ?? [];
  if (id === undefined || state === undefined) return;
  const { resources } = world.engine;
  if (event === 'vanish' && state.state === 'removing') world.engine.vanish(id);
  if (event === 'gone') world.engine.vanish(id);
  if (state.state === 'removing') return;
  if (event === 'ready' && state.state !== 'failed') resources.set(id, { state: 'ready' });
  if (event === 'failed') resources.set(id, { state: 'failed', reason: 'The hardware failed.' });
  if (event === 'updating' && state.state === 'ready') resources.set(id, { state: 'updating' });
  await world.capture();
}

/** Everybody gets to the end, the engine does what it was told, time passes and the sweep comes by, until nothing is left to do. */
async function rest(world: Simulation): Promise<void> {
  const { engine } = world;
  world.late = [];
  for (const actor of [...world.actors]) await world.finish(actor);
  for (let round = 0; round < 150; round += 1) {
    for (const [id, { state }] of engine.resources) {
      if (state === 'removing') engine.vanish(id);
      if (state === 'updating') engine.resources.set(id, { state: 'ready' });
      if (state === 'creating' && round > 100) engine.resources.set(id, { state: 'ready' }); // until then its deadline may pass
    }
    for (const run of [...world.steps.runs].filter(({ busy }) => !busy)) {
      world.pass(Math.max(0, run.readyAt - world.now));
      if (world.steps.runs.includes(run)) await world.finish(world.task(run, 0));
    }
    world.pass(61_000);
    await settled();
    await world.finish(world.sweep(0));
    world.raise();
    if (world.steps.runs.length === 0 && await isQuiet(world)) break;
  }
  checkQuiet(await world.capture());
}

async function isQuiet(world: Simulation): Promise<boolean> {
  const { models, deployments } = await world.capture();
  const all = [...models.values()];
  if (all.some(({ status }) => passing.includes(status))) return false;
  const current = all.filter(({ status }) => serving.includes(status)).map(({ deploymentId }) => deploymentId);
  const ok = (id: string): boolean => ['ready'].includes(world.engine.resources.get(id)?.state ?? '');
  return [...deployments.values()].every(({ id, endedAt }) => endedAt !== undefined || (current.includes(id) && ok(id)));
}
