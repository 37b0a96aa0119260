import { expect, test } from '@jest/globals';
import {
  StartModelCommand,
  StopModelCommand,
  type LookoutVisionServiceException,
} from '@aws-sdk/client-lookoutvision';
import { defaultQuotas } from '../../lambdas/domain/settings.ts';
import { conflict, refusal } from '../helpers/refusal.ts';
import { testService } from '../helpers/service.ts';
import type { World } from '../helpers/world.ts';

// Many callers at once. After each test what is counted against the quota is what is reserved: the test
// service sees to it.

const service = testService();

type ModelName = { ProjectName: string; ModelVersion: string };
const many = Array.from({ length: 50 }, (_, index) => index);
const start = (world: World, model: ModelName, ClientToken: string) =>
  world.client.send(new StartModelCommand({ ...model, MinInferenceUnits: 1, ClientToken }));

/** What came of each call: its status, or the name of its error. */
async function outcomes(
  calls: readonly Promise<{ Status?: string | undefined }>[],
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const outcome of await Promise.allSettled(calls)) {
    const name =
      outcome.status === 'fulfilled'
        ? (outcome.value.Status ?? 'none')
        : (outcome.reason as LookoutVisionServiceException).name;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

const startsOf = async (world: World, models: number): Promise<number> =>
  (await world.executions()).length - models;

test('fifty callers with one token: fifty answers, one operation, one execution', async () => {
  const world = await service.open();
  const model = await world.trained();
  world.engine.born = { state: 'creating' };
  expect(await outcomes(many.map(() => start(world, model, 'one')))).toEqual({ STARTING_HOSTING: 50 });
  const deployments = await world.deployments(model);
  expect(deployments).toHaveLength(1);
  expect(await world.store.tokens.recall('StartModel', 'one', world.clock.now())).toMatchObject({
    operationId: deployments[0]?.id,
  });
  expect(await world.executions()).toContain(`${deployments[0]?.id}-1`);
  expect(await startsOf(world, 1)).toBe(1);
  expect(await world.reserved()).toEqual({ used: 1, reserved: 1 });
});

test('fifty callers with fifty tokens: one starts the model, forty-nine are told that it is starting', async () => {
  const world = await service.open();
  const model = await world.trained();
  world.engine.born = { state: 'creating' };
  const calls = many.map((each) => start(world, model, `token-${each}`));
  expect(await outcomes(calls)).toEqual({ STARTING_HOSTING: 1, ConflictException: 49 });
  const refused = await Promise.all(
    (await Promise.allSettled(calls)).flatMap((outcome, index) =>
      outcome.status === 'rejected' ? [refusal(calls[index] ?? Promise.resolve())] : [],
    ),
  );
  expect(new Set(refused.map((each) => JSON.stringify(each)))).toEqual(
    new Set([
      JSON.stringify({
        ...conflict(
          'parts/1',
          'Model version 1 of project parts cannot be started while its status is STARTING_HOSTING.',
        ),
      }),
    ]),
  );
  expect(await world.deployments(model)).toHaveLength(1);
  expect(await startsOf(world, 1)).toBe(1);
  expect(await world.reserved()).toEqual({ used: 1, reserved: 1 });
});

test('ten models at once where four may run: four do', async () => {
  const world = await service.open({ settings: { quotas: { ...defaultQuotas, runningModels: 4 } } });
  const models: ModelName[] = [];
  for (let each = 0; each < 10; each += 1) models.push(await world.trained());
  expect(await outcomes(models.map((model) => start(world, model, `token-${model.ModelVersion}`)))).toEqual({
    STARTING_HOSTING: 4,
    ServiceQuotaExceededException: 6,
  });
  expect(await world.reserved()).toEqual({ used: 4, reserved: 4 });
  expect(await startsOf(world, 10)).toBe(4);
  await world.settle();
  const statuses = await Promise.all(models.map(async (model) => (await world.describe(model)).Status));
  expect(statuses.filter((status) => status === 'HOSTED')).toHaveLength(4);
  expect(statuses.filter((status) => status === 'TRAINED')).toHaveLength(6);
});

test('starts and stops of one model, all at once, again and again: it ends hosted or trained, and is counted once or not at all', async () => {
  const world = await service.open();
  const model = await world.trained();
  for (let round = 0; round < 4; round += 1) {
    await Promise.allSettled(
      many
        .slice(0, 10)
        .flatMap((each) => [
          start(world, model, `start-${round}-${each}`),
          world.client.send(new StopModelCommand({ ...model, ClientToken: `stop-${round}-${each}` })),
        ]),
    );
  }
  await world.settle();
  const { Status } = await world.describe(model);
  const open = (await world.deployments(model)).filter(({ endedAt }) => endedAt === undefined);
  expect(['HOSTED', 'TRAINED']).toContain(Status);
  expect(open).toHaveLength(Status === 'HOSTED' ? 1 : 0);
  expect(world.engine.resources.size).toBe(open.length);
});

test('fifty callers stop a model: one does, forty-nine are told', async () => {
  const world = await service.open();
  const model = await world.trained();
  await start(world, model, 'one');
  await world.settle();
  world.engine.removes = false;
  expect(
    await outcomes(
      many.map((each) => world.client.send(new StopModelCommand({ ...model, ClientToken: `stop-${each}` }))),
    ),
  ).toEqual({ STOPPING_HOSTING: 1, ConflictException: 49 });
  expect(await startsOf(world, 2)).toBe(1);
});
