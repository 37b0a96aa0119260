import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  CreateDatasetCommand,
  CreateModelCommand,
  CreateProjectCommand,
  StartModelCommand,
  StopModelCommand,
} from '@aws-sdk/client-lookoutvision';
import { StopModel } from '../../lambdas/operations/models/stop-model.ts';
import { isComplete, onEvent, type Drainer } from '../../lambdas/aws/drain.ts';
import { TestDynamo } from '../helpers/dynamo.ts';
import { line, manifestOf } from '../helpers/manifests.ts';
import { evaluation } from '../helpers/scripted-engine.ts';
import { World } from '../helpers/world.ts';

let dynamo: TestDynamo;
let world: World;
let status: string;
let drainer: Drainer;
let stops: string[];

beforeAll(async () => {
  dynamo = await TestDynamo.start();
});
afterAll(() => dynamo.close());
beforeEach(async () => {
  world = await World.open(dynamo);
  status = 'DELETE_IN_PROGRESS';
  stops = [];
  drainer = {
    context: {
      ...world.context,
      async stop({ project, version }) {
        stops.push(`${project}/${version}`);
        await StopModel({ ProjectName: project, ModelVersion: version }, world.context, {
          requestId: 'drain',
          caller: 'the deletion of the stack',
          log: world.log,
        });
      },
    },
    statusOf: () => Promise.resolve(status),
  };
});

const event = {
  RequestType: 'Delete',
  StackId: 'arn:aws:cloudformation:us-east-1:111122223333:stack/x/y',
} as const;
const begin = async (): Promise<object> => onEvent(drainer)(event);
const startedAt = async (): Promise<string> =>
  ((await begin()) as { Data: { startedAt: string } }).Data.startedAt;

async function hosted(project: string): Promise<{ ProjectName: string; ModelVersion: string }> {
  const model = await world.trained(project);
  await world.client.send(new StartModelCommand({ ...model, MinInferenceUnits: 1 }));
  await world.settle();
  return model;
}

/** A model that is being trained. */
async function training(ProjectName: string): Promise<{ ProjectName: string; ModelVersion: string }> {
  const pictures = Array.from({ length: 30 }, (_, index) =>
    line(`${index}.jpg`, index < 20 ? 'normal' : 'anomaly'),
  );
  await world.objects.write({ bucket: 'photos', key: 'manifest' }, Buffer.from(manifestOf(pictures)));
  await world.client.send(new CreateProjectCommand({ ProjectName }));
  await world.client.send(
    new CreateDatasetCommand({
      ProjectName,
      DatasetType: 'train',
      DatasetSource: { GroundTruthManifest: { S3Object: { Bucket: 'photos', Key: 'manifest' } } },
    }),
  );
  await world.settle();
  const { ModelMetadata } = await world.client.send(
    new CreateModelCommand({ ProjectName, OutputConfig: { S3Location: { Bucket: 'results' } } }),
  );
  return { ProjectName, ModelVersion: ModelMetadata?.ModelVersion ?? '' };
}

describe('draining', () => {
  test("stops what is hosted through StopModel's own path, lets nothing start, and ends when nothing is left", async () => {
    const running = await hosted('lids');
    const idle = await world.trained('caps');
    const Data = { startedAt: await startedAt() };

    expect(await isComplete(drainer)({ ...event, Data })).toEqual({ IsComplete: false });
    expect(stops).toEqual(['lids/1']);
    await expect(world.client.send(new StartModelCommand({ ...idle, MinInferenceUnits: 1 }))).rejects.toThrow(
      /this deployment is being removed/,
    );
    await world.settle();
    expect(await isComplete(drainer)({ ...event, Data })).toEqual({ IsComplete: true });
    expect((await world.describe(running)).Status).toBe('TRAINED');
    expect(world.engine.resources.size).toBe(0);
    expect(await world.reserved()).toEqual({ used: 0, reserved: 0 });
  });

  test('ends what is being trained, takes its jobs away, and lets nothing be trained any more', async () => {
    world.trainer.born = { state: 'running' };
    const model = await training('lids');
    const Data = { startedAt: await startedAt() };
    // Its execution looks, and writes, all the time: a look of ours may come too late for one, and not for
    // all.
    while ((await world.store.models.get({ project: 'lids', version: '1' }))?.operation.attempt === 1) {
      expect(await isComplete(drainer)({ ...event, Data })).toEqual({ IsComplete: false });
    }
    await world.settle();
    await world.sweepAfter(1);
    expect(await world.describe(model)).toMatchObject({ Status: 'TRAINING_FAILED' });
    expect(world.trainer.jobs.size).toBe(0);
    expect(await isComplete(drainer)({ ...event, Data })).toEqual({ IsComplete: true });
    await expect(training('caps')).rejects.toThrow(/this deployment is being removed/);
  });

  test('waits for what does not go at once, and stops it only once', async () => {
    await hosted('lids');
    world.engine.removes = false;
    const Data = { startedAt: await startedAt() };
    const look = isComplete(drainer);
    expect(await look({ ...event, Data })).toEqual({ IsComplete: false });
    await world.settle();
    expect(await look({ ...event, Data })).toEqual({ IsComplete: false });
    expect(stops).toEqual(['lids/1']);
    for (const id of [...world.engine.resources.keys()]) world.engine.vanish(id);
    await world.sweepAfter(3600);
    expect(await look({ ...event, Data })).toEqual({ IsComplete: true });
  });

  test('after 55 minutes it fails the deletion, and names what is left', async () => {
    await hosted('lids');
    world.engine.removes = false;
    const Data = { startedAt: await startedAt() };
    await isComplete(drainer)({ ...event, Data });
    world.clock.advance(55 * 60 + 1);
    await expect(isComplete(drainer)({ ...event, Data })).rejects.toThrow(
      /^Still at work after 55 minutes: lids\/1 \(STOPPING_HOSTING\)\. .*docs\/runbook\.md/,
    );
  });

  test('what goes wrong on the way is tried again with the next question', async () => {
    await hosted('lids');
    const Data = { startedAt: await startedAt() };
    let failing = true;
    const { context } = drainer;
    drainer = {
      ...drainer,
      context: {
        ...context,
        stop: (key) => (failing ? Promise.reject(new Error('throttled')) : context.stop(key)),
      },
    };
    expect(await isComplete(drainer)({ ...event, Data })).toEqual({ IsComplete: false });
    failing = false;
    expect(await isComplete(drainer)({ ...event, Data })).toEqual({ IsComplete: false });
    expect(stops).toEqual(['lids/1']);
  });

  test.each(['UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', 'UPDATE_ROLLBACK_IN_PROGRESS', 'ROLLBACK_IN_PROGRESS'])(
    'a stack that stays (%s) is left alone',
    async (state) => {
      status = state;
      await hosted('lids');
      const answer = await begin();
      expect(answer).toEqual({ PhysicalResourceId: 'drain' });
      expect(await isComplete(drainer)({ ...event, ...answer })).toEqual({ IsComplete: true });
      expect([stops, world.engine.resources.size]).toEqual([[], 1]);
    },
  );

  test('an update that moves the roles is refused while anything runs under them, and only then', async () => {
    const moved = {
      ...event,
      RequestType: 'Update',
      OldResourceProperties: { RolePath: '/' },
      ResourceProperties: { RolePath: '/service/' },
    } as const;
    const update = (more: object = {}): Promise<object> => onEvent(drainer)({ ...moved, ...more });
    expect(await update()).toEqual({ PhysicalResourceId: 'drain' });
    await hosted('lids');
    await expect(update()).rejects.toThrow(
      'rolePath cannot change from / to /service/ while models run or are trained under the present roles: ' +
        'lids/1 (HOSTED). Stop them, or put rolePath back, and deploy again.',
    );
    expect(await update({ ResourceProperties: { RolePath: '/' } })).toEqual({ PhysicalResourceId: 'drain' });
    expect(await update({ OldResourceProperties: {} })).toEqual({ PhysicalResourceId: 'drain' });
    expect(stops).toEqual([]);
  });

  describe('an update that takes SageMaker from the stage', () => {
    const update = (before?: readonly string[], now?: readonly string[]): Promise<object> =>
      onEvent(drainer)({
        ...event,
        RequestType: 'Update',
        OldResourceProperties: { RolePath: '/', ...(before !== undefined && { Engines: before }) },
        ResourceProperties: { RolePath: '/', ...(now !== undefined && { Engines: now }) },
      });
    const both = ['lambda', 'sagemaker'];
    const ok = { PhysicalResourceId: 'drain' };

    test.each([[both], [undefined]])(
      'is refused while a deployment of it has not ended, and told which (before: %j)',
      async (before) => {
        world.engine.admission = {
          admitted: true,
          artifact: { bucket: 'artifacts', prefix: 'copy/', format: 'sagemaker' },
          evaluation,
        };
        const model = await hosted('lids');
        await expect(update(before, ['lambda'])).rejects.toThrow(
          'SageMaker cannot be taken from this stage while models run in it or are trained: lids/1 (HOSTED). ' +
            'They would be paid for, and nobody could stop them. Stop them, or configure algorithmArn, images or ' +
            'modelPackages as before, and deploy again.',
        );
        expect(await update(before, both)).toEqual(ok);
        expect(await update(['lambda'], ['lambda'])).toEqual(ok);
        // On its way out it is still paid for.
        world.engine.removes = false;
        await world.client.send(new StopModelCommand(model));
        await expect(update(before, ['lambda'])).rejects.toThrow('lids/1 (STOPPING_HOSTING)');
        for (const id of [...world.engine.resources.keys()]) world.engine.vanish(id);
        await world.sweepAfter(3600);
        expect(await update(before, ['lambda'])).toEqual(ok);
        expect(stops).toEqual([]);
      },
    );

    test('is refused while a model is trained', async () => {
      world.trainer.born = { state: 'running' };
      await training('lids');
      await expect(update(both, ['lambda'])).rejects.toThrow('lids/1 (TRAINING)');
    });

    test('does not concern what runs in functions', async () => {
      world.engine.admission = {
        admitted: true,
        artifact: { bucket: 'artifacts', prefix: 'copy/', format: 'onnx' },
        evaluation,
      };
      await hosted('lids');
      expect(await update(both, ['lambda'])).toEqual(ok);
    });
  });

  test('its id is the same on every kind of request', async () => {
    for (const RequestType of ['Create', 'Update', 'Delete'] as const)
      expect(await onEvent(drainer)({ ...event, RequestType })).toMatchObject({
        PhysicalResourceId: 'drain',
      });
  });
});
