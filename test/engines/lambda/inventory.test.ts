import { expect, test } from '@jest/globals';
import type { EngineResource } from '../../../lambdas/engines/inventory.ts';
import { createLambdaInventory } from '../../../lambdas/engines/lambda/inventory.ts';
import { FakeLambda } from '../../helpers/fake-lambda/fake.ts';
import { ServiceError } from '../../helpers/fake-sagemaker/service-error.ts';

const own = { 'crowsnest:stage': 'dev', 'crowsnest:project': 'lids', 'crowsnest:version': '3' };

function account(functions: Readonly<Record<string, Readonly<Record<string, string>>>>) {
  const fake = new FakeLambda();
  for (const [name, tags] of Object.entries(functions))
    fake.functions.set(name, { input: {}, tags: new Map(Object.entries(tags)), activeAt: 0 });
  const inventory = createLambdaInventory({ lambda: fake.clients().lambda, stage: 'dev' });
  const list = async (): Promise<EngineResource[]> => {
    const found: EngineResource[] = [];
    for await (const each of inventory.list()) found.push(each);
    return found;
  };
  return { fake, list };
}

test('lists what bears the tag of the stage, with what its tags say it is for', async () => {
  const { list } = account({
    'cn-dev-a': { ...own, 'crowsnest:deployment': 'a' },
    'cn-dev-b': { 'crowsnest:stage': 'dev' },
  });
  expect(await list()).toEqual([
    { kind: 'function', name: 'cn-dev-a', project: 'lids', version: '3', deploymentId: 'a' },
    { kind: 'function', name: 'cn-dev-b' },
  ]);
});

test('a name alone proves nothing, and nobody else is asked for tags', async () => {
  const { fake, list } = account({
    'cn-dev-stranger': {},
    'cn-dev-other': { ...own, 'crowsnest:stage': 'prod' },
    'cn-prod-a': { ...own, 'crowsnest:stage': 'prod' },
    payroll: own,
  });
  expect(await list()).toEqual([]);
  expect(fake.takeOperations()).toEqual(['ListFunctions', 'ListTags', 'ListTags']);
});

test('reads every page', async () => {
  const names = Array.from({ length: 120 }, (_, index) => `cn-dev-${index.toString().padStart(3, '0')}`);
  const { fake, list } = account(Object.fromEntries(names.map((name) => [name, own])));
  expect((await list()).map(({ name }) => name)).toEqual(names);
  expect(fake.takeOperations().filter((each) => each === 'ListFunctions')).toHaveLength(3);
});

test('what has gone since it was listed is left out; any other failure is told', async () => {
  const { fake, list } = account({ 'cn-dev-a': own, 'cn-dev-b': own });
  fake.inject('ListTags', new ServiceError('ResourceNotFoundException', 'Function not found', 404));
  expect((await list()).map(({ name }) => name)).toEqual(['cn-dev-b']);
  fake.inject('ListTags', new ServiceError('AccessDeniedException', 'is not authorized', 403));
  await expect(list()).rejects.toMatchObject({ name: 'AccessDeniedException' });
  fake.inject('ListFunctions', new ServiceError('TooManyRequestsException', 'Rate exceeded', 429));
  await expect(list()).rejects.toMatchObject({ name: 'TooManyRequestsException' });
});
