import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  ConflictException,
  DetectAnomaliesCommand,
  LookoutVisionServiceException,
  ResourceNotFoundException,
} from '@aws-sdk/client-lookoutvision';
import { TestDynamo } from '../helpers/dynamo.ts';
import {
  close,
  drop,
  hold,
  hosted,
  rowOf,
  start,
  statusOf,
  stop,
  until,
  type Named,
} from '../helpers/flow.ts';
import { World } from '../helpers/world.ts';

let dynamo: TestDynamo;
beforeAll(async () => {
  dynamo = await TestDynamo.start();
});
afterAll(() => dynamo.close());

const detect = (world: World, model: Named) =>
  world.client.send(
    new DetectAnomaliesCommand({ ...model, Body: Uint8Array.of(1), ContentType: 'image/png' }),
  );

const operations = { StartModel: start, StopModel: stop, DeleteModel: drop, DetectAnomalies: detect };
type OperationName = keyof typeof operations;

const names = [
  'StartModel',
  'StopModel',
  'DeleteModel',
  'DetectAnomalies',
] as const satisfies readonly OperationName[];

/**
 * What each operation answers in each state, in the order of `names`, and the state of the model right behind
 * a success.
 */
const matrix: Readonly<Record<string, readonly [number, number, number, number]>> = {
  /*                   Start Stop Delete Detect */
  TRAINING: [409, 409, 409, 409],
  TRAINED: [202, 409, 202, 409],
  TRAINING_FAILED: [409, 409, 202, 409],
  STARTING_HOSTING: [409, 202, 409, 409],
  HOSTED: [409, 202, 409, 200],
  HOSTING_FAILED: [202, 202, 202, 409],
  STOPPING_HOSTING: [409, 409, 409, 409],
  SYSTEM_UPDATING: [409, 202, 409, 200],
  DELETING: [409, 409, 202, 409],
};

/** Brings a new model into the state, by the way on which users get there. */
const ways: Readonly<Record<string, (world: World) => Promise<Named>>> = {
  TRAINING: async (world) => {
    const first = await world.trained();
    hold(world.engine, 'admit');
    return { ...first, ModelVersion: await world.import('parts', { Source: { S3: { Bucket: 'models' } } }) };
  },
  TRAINED: (world) => world.trained(),
  TRAINING_FAILED: (world) => {
    world.engine.admission = {
      admitted: false,
      reason: 'There is no model.onnx. Put it there and import the model again.',
    };
    return world.trained();
  },
  STARTING_HOSTING: async (world) => {
    world.engine.born = { state: 'creating' };
    const model = await world.trained();
    await start(world, model);
    return model;
  },
  HOSTED: hosted,
  HOSTING_FAILED: (world) => {
    world.engine.born = { state: 'failed', reason: 'There is no capacity. Try again later.' };
    return hosted(world);
  },
  STOPPING_HOSTING: async (world) => {
    const model = await hosted(world);
    world.engine.removes = false;
    await stop(world, model);
    return model;
  },
  SYSTEM_UPDATING: async (world) => {
    const model = await hosted(world);
    for (const id of world.engine.resources.keys()) world.engine.resources.set(id, { state: 'updating' });
    await world.sweepAfter(60);
    return model;
  },
  DELETING: async (world) => {
    const model = await world.trained();
    const held = hold(world.engine, 'discard');
    await drop(world, model);
    await held.reached;
    return model;
  },
};

test('the table has every state, and a way to it', () => {
  expect(Object.keys(ways).sort()).toEqual(Object.keys(matrix).sort());
});

describe.each(Object.entries(matrix))('a model in %s', (state, answers) => {
  test.each(names.map((name, index) => [name, answers[index]] as const))(
    '%s answers %i',
    async (name, code) => {
      const world = await World.open(dynamo);
      const way = ways[state] as (world: World) => Promise<Named>;
      const model = await way(world);
      await until(async () => (await statusOf(world, model)) === state);
      const { operation } = await rowOf(world, model);

      if (code === 409) {
        const refusal = await operations[name](world, model).catch((error: unknown) => error);
        expect(refusal).toBeInstanceOf(ConflictException);
        expect(refusal).toMatchObject({
          ResourceType: 'MODEL',
          ResourceId: `parts/${model.ModelVersion}`,
          $metadata: { httpStatusCode: 409 },
        });
        // what is advised must be possible now
        const { message } = refusal as ConflictException;
        if (name === 'DetectAnomalies') expect(message).toMatch(/(HOSTED|StartModel|another version)\.$/);
        expect(message.includes('. Call StartModel')).toBe(name === 'DetectAnomalies' && answers[0] === 202);
        // and nothing was done
        expect(await rowOf(world, model)).toMatchObject({ status: state, operation: { id: operation.id } });
      } else {
        const passing = {
          StartModel: 'STARTING_HOSTING',
          StopModel: 'STOPPING_HOSTING',
          DeleteModel: 'DELETING',
          DetectAnomalies: state,
        }[name];
        if (name !== 'DetectAnomalies' && state !== 'DELETING')
          hold(world.engine, name === 'StartModel' ? 'create' : name === 'StopModel' ? 'remove' : 'discard');
        const answer = await operations[name](world, model);
        expect(answer.$metadata.httpStatusCode).toBe(code);
        if ('Status' in answer) expect(answer.Status).toBe(passing);
        expect(await statusOf(world, model)).toBe(passing); // before the call returns
      }
      const { used, reserved } = await world.reserved();
      expect(used).toBe(reserved);
      await close(world);
    },
  );
});

describe('a model that does not exist', () => {
  test.each(names)('%s answers 404 for a version, and for a project', async (name) => {
    const world = await World.open(dynamo);
    const model = await world.trained();
    const refused = async (named: Named): Promise<unknown> =>
      operations[name](world, named).catch((error: unknown) => error);
    const version = await refused({ ...model, ModelVersion: '99' });
    expect(version).toBeInstanceOf(ResourceNotFoundException);
    expect(version).toMatchObject({ ResourceType: 'MODEL', ResourceId: 'parts/99' });
    const project = await refused({ ...model, ProjectName: 'elsewhere' });
    expect(project).toBeInstanceOf(LookoutVisionServiceException);
    expect(project).toMatchObject({
      name: 'ResourceNotFoundException',
      ResourceType: 'PROJECT',
      ResourceId: 'elsewhere',
      $metadata: { httpStatusCode: 404 },
    });
    await close(world);
  });
});
