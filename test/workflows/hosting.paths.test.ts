import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Execution } from '../../lambdas/domain/ports.ts';
import type { WorkflowName } from '../../lambdas/domain/workflows.ts';
import { EngineFailed } from '../../lambdas/engines/engine.ts';
import { TestDynamo } from '../helpers/dynamo.ts';
import { close, drop, hosted, start, statusOf, stop, supersede, type Named } from '../helpers/flow.ts';
import { definitions, namesOf, transitionsOf, walk, type Perform } from '../helpers/walk.ts';
import { World } from '../helpers/world.ts';

let dynamo: TestDynamo;
let world: World;
beforeAll(async () => {
  dynamo = await TestDynamo.start();
});
afterAll(() => dynamo.close());
afterEach(async () => {
  const { used, reserved } = await world.reserved();
  expect(used).toBe(reserved);
  await close(world);
});

const visited: Record<WorkflowName, Set<string>> = {
  hosting: new Set(),
  importing: new Set(),
  training: new Set(),
  datasets: new Set(),
  packaging: new Set(),
};

/** Does what begins an operation, and keeps its execution from being started. */
async function intercept(act: () => Promise<unknown>): Promise<Execution> {
  let caught: Execution | undefined;
  const spy = jest.spyOn(world.runner, 'start').mockImplementation((execution) => {
    caught = execution;
    return Promise.resolve('started');
  });
  await act();
  spy.mockRestore();
  if (caught === undefined) throw new Error('nothing was started');
  return caught;
}

async function follow(act: () => Promise<unknown>, perform?: Perform): Promise<string> {
  const execution = await intercept(act);
  const path = await walk(world, execution, perform);
  path.slice(1).forEach((to, index) => visited[execution.workflow].add(`${path[index] ?? ''} -> ${to}`));
  return path.join(' ');
}

/** Before the task runs for the first time. */
const before = (task: string, act: () => unknown): Perform => {
  let first = true;
  return async (state, once) => {
    if (state === task && first) {
      first = false;
      await act();
    }
    return once();
  };
};

const begun = 'Claim Direction';
const provisioned = 'Provision AwaitHosting ObserveHosting IsHosted';
const released = 'Release AwaitRelease ObserveRelease IsReleased';

describe('a start', () => {
  test('that is ready at the first look', async () => {
    world = await World.open(dynamo);
    const model = await world.trained();
    expect(await follow(() => start(world, model))).toBe(`${begun} ${provisioned} MarkHosted Done`);
    expect(await statusOf(world, model)).toBe('HOSTED');
  });

  test('that takes its time, and loses its resources on the way', async () => {
    world = await World.open(dynamo);
    const model = await world.trained();
    const { engine } = world;
    engine.born = { state: 'creating' };
    let looks = 0;
    engine.before = (call, id) => {
      if (call !== 'observe') return;
      looks += 1;
      if (looks === 2) engine.vanish(id);
      if (looks === 3) engine.resources.set(id, { state: 'removing' }); // not whole: to be completed
      if (looks === 4) engine.resources.set(id, { state: 'ready' });
    };
    expect(await follow(() => start(world, model))).toBe(
      `${begun} ${provisioned} AwaitHosting ObserveHosting IsHosted ${provisioned} ${provisioned} MarkHosted Done`,
    );
    expect(engine.count('create')).toBe(3);
  });

  test.each<[string, string, string]>([
    ['Provision', 'create', `${begun} Provision`],
    ['ObserveHosting', 'observe', `${begun} Provision AwaitHosting ObserveHosting`],
    ['MarkHosted', 'scale', `${begun} ${provisioned} MarkHosted`],
  ])('that fails in %s', async (_, call, path) => {
    world = await World.open(dynamo);
    const model = await world.trained();
    if (call === 'observe') world.engine.born = { state: 'failed', reason: 'No capacity.' };
    else
      world.engine.before = (each) => {
        if (each === call) throw new EngineFailed('No capacity.');
      };
    expect(await follow(() => start(world, model, { MaxInferenceUnits: 2 }))).toBe(
      `${path} MarkFailed ${released} Conclusion Done`,
    );
    expect(await world.describe(model)).toMatchObject({
      Status: 'HOSTING_FAILED',
      StatusMessage: 'No capacity.',
    });
    expect(await world.reserved()).toEqual({ used: 0, reserved: 0 });
  });

  test('whose resources take longer to go than an execution should', async () => {
    world = await World.open(dynamo);
    const model = await world.trained();
    world.engine.born = { state: 'failed', reason: 'No capacity.' };
    world.engine.removes = false;
    const path = await follow(() => start(world, model));
    expect(path).toMatch(
      new RegExp(
        `^${begun} Provision AwaitHosting ObserveHosting MarkFailed ${released}( AwaitRelease ObserveRelease IsReleased){39} LeftToSweep$`,
      ),
    );
  });
});

describe('a stop and a delete', () => {
  test('stop', async () => {
    world = await World.open(dynamo);
    const model = await hosted(world);
    expect(await follow(() => stop(world, model))).toBe(`${begun} ${released} Conclusion MarkStopped Done`);
    expect(await statusOf(world, model)).toBe('TRAINED');
  });

  test('a stop for which the engine takes its time', async () => {
    world = await World.open(dynamo);
    const model = await hosted(world);
    world.engine.removes = false;
    let looks = 0;
    const path = await follow(
      () => stop(world, model),
      (state, once) => {
        if (state === 'ObserveRelease' && ++looks === 3)
          for (const id of world.engine.resources.keys()) world.engine.vanish(id);
        return once();
      },
    );
    expect(path).toBe(
      `${begun} ${released}${' AwaitRelease ObserveRelease IsReleased'.repeat(2)} Conclusion MarkStopped Done`,
    );
  });

  test('delete', async () => {
    world = await World.open(dynamo);
    const model = await world.trained();
    expect(await follow(() => drop(world, model))).toBe(`${begun} ${released} Conclusion Erase Done`);
    await expect(world.describe(model)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    expect(world.engine.count('discard')).toBe(1);
  });
});

describe('whoever is overtaken ends quietly, and changes nothing:', () => {
  const kinds = {
    Claim: start,
    Provision: start,
    ObserveHosting: start,
    MarkHosted: start,
    MarkFailed: start,
    Release: stop,
    ObserveRelease: stop,
    MarkStopped: stop,
    Erase: drop,
  } as const;

  test('every task of the hosting workflow has its turn below', () => {
    expect(Object.keys(kinds).sort()).toEqual(namesOf('hosting', 'Task').sort());
  });

  test.each(Object.entries(kinds))('before %s', async (task, begin) => {
    world = await World.open(dynamo);
    const model = begin === stop ? await hosted(world) : await world.trained();
    if (task === 'MarkFailed') world.engine.born = { state: 'failed', reason: 'No capacity.' };
    let calls = 0;
    let status: string | undefined;
    const path = await follow(
      () => begin(world, model),
      before(task, async () => {
        await supersede(world, model);
        calls = world.engine.calls.length;
        status = await statusOf(world, model);
      }),
    );
    expect(path).toMatch(new RegExp(` ?${task} Superseded$`));
    expect(world.engine.calls.slice(calls)).toEqual([]);
    expect(await statusOf(world, model)).toBe(status);
  });
});

describe('an import', () => {
  const begin = (): Promise<Named> =>
    world
      .import('parts', { Source: { S3: { Bucket: 'models' } } })
      .then((ModelVersion) => ({ ProjectName: 'parts', ModelVersion }));

  test('that is checked at once, and one that is overtaken', async () => {
    world = await World.open(dynamo);
    const { ProjectName } = await world.trained();
    expect(await follow(begin)).toBe('Admit IsAdmitted Done');
    expect(await statusOf(world, { ProjectName, ModelVersion: '2' })).toBe('TRAINED');
    expect(
      await follow(
        begin,
        before('Admit', () => supersede(world, { ProjectName, ModelVersion: '3' })),
      ),
    ).toBe('Admit Superseded');
    expect(await statusOf(world, { ProjectName, ModelVersion: '3' })).toBe('TRAINING');
  });

  test('that the engine has to work on', async () => {
    world = await World.open(dynamo);
    const { ProjectName } = await world.trained();
    const { admission } = world.engine;
    world.engine.admission = { admitted: 'pending', note: 'A package is being made.' };
    let message: string | undefined;
    expect(
      await follow(begin, async (_, once) => {
        if (world.engine.count('admit') === 3) {
          message = (await world.describe({ ProjectName, ModelVersion: '2' })).StatusMessage;
          world.engine.admission = admission;
        }
        return once();
      }),
    ).toBe('Admit IsAdmitted AwaitAdmission Admit IsAdmitted AwaitAdmission Admit IsAdmitted Done');
    expect(message).toBe('The model is being imported. A package is being made.');
    expect(await statusOf(world, { ProjectName, ModelVersion: '2' })).toBe('TRAINED');
  });
});

describe.each(['hosting', 'importing'] as const)('%s.asl.json', (workflow) => {
  test('was walked along every way there is', () => {
    expect([...visited[workflow]].sort()).toEqual(transitionsOf(workflow).sort());
    const states = new Set([
      definitions[workflow].StartAt,
      ...[...visited[workflow]].map((way) => way.split(' -> ')[1]),
    ]);
    expect([...states].sort()).toEqual(Object.keys(definitions[workflow].States).sort());
  });
});
