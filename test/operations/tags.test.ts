import { expect, test } from '@jest/globals';
import {
  DeleteModelCommand,
  ListTagsForResourceCommand,
  TagResourceCommand,
  UntagResourceCommand,
  type Tag,
} from '@aws-sdk/client-lookoutvision';
import { invalid, refusal } from '../helpers/refusal.ts';
import { testService } from '../helpers/service.ts';
import type { World } from '../helpers/world.ts';

const service = testService();

const prefix = 'arn:aws:lookoutvision:us-east-1:111122223333';
const arn = `${prefix}:model/parts/1`;
const tag = (world: World, Tags: Tag[], ResourceArn = arn) =>
  world.client.send(new TagResourceCommand({ ResourceArn, Tags }));
const untag = (world: World, ...TagKeys: string[]) =>
  world.client.send(new UntagResourceCommand({ ResourceArn: arn, TagKeys }));
const list = (world: World, ResourceArn = arn) =>
  world.client.send(new ListTagsForResourceCommand({ ResourceArn }));
const tags = async (world: World): Promise<Tag[]> => (await list(world)).Tags ?? [];
const Tag = (Key: string, Value: string): Tag => ({ Key, Value });
const numbered = (from: number, count: number): Tag[] =>
  Array.from({ length: count }, (_, index) => Tag(`key-${from + index}`, 'v'.repeat(256)));

test('tags are set, overwritten, listed and removed, and every change is visible to the next call', async () => {
  const world = await service.open();
  await world.trained();
  expect(await tags(world)).toEqual([]);
  expect((await tag(world, [Tag('line', '1'), Tag('plant', '')])).$metadata.httpStatusCode).toBe(200);
  await tag(world, [Tag('line', '2'), Tag('owner', 'anna')]);
  expect(await tags(world)).toEqual([Tag('line', '2'), Tag('plant', ''), Tag('owner', 'anna')]);
  await untag(world, 'plant', 'absent');
  expect(await tags(world)).toEqual([Tag('line', '2'), Tag('owner', 'anna')]);
  await untag(world);
  await tag(world, []);
  expect(await tags(world)).toEqual([Tag('line', '2'), Tag('owner', 'anna')]);
});

test('of several values for one key in a request the last counts', async () => {
  const world = await service.open();
  await world.trained();
  await tag(world, [Tag('line', '1'), Tag('line', '2')]);
  expect(await tags(world)).toEqual([Tag('line', '2')]);
});

test('keys of any script, with spaces and signs, and those that JavaScript gives a meaning', async () => {
  const world = await service.open();
  await world.trained();
  const odd = [
    Tag('__proto__', 'p'),
    Tag('constructor', 'c'),
    Tag('Größe 測定', 'ß 測'),
    Tag('𝔸', '𝟙'),
    Tag('a.b:c/d=e+f-g@h_i', '+ and = come back'),
  ];
  await tag(world, odd);
  expect(await tags(world)).toEqual(odd);
  await untag(world, '__proto__', 'Größe 測定', 'a.b:c/d=e+f-g@h_i');
  expect(await tags(world)).toEqual([Tag('constructor', 'c'), Tag('𝔸', '𝟙')]);
});

test('a model takes 200 tags, of the longest; one more is a quota, another value for one of them is not', async () => {
  const world = await service.open();
  await world.trained();
  await tag(world, numbered(0, 150));
  await tag(world, numbered(150, 50));
  expect(await tags(world)).toHaveLength(200);
  expect(await refusal(tag(world, [Tag('one-more', '')]))).toEqual({
    name: 'ServiceQuotaExceededException',
    status: 402,
    message: 'A model can have at most 200 tags.',
    QuotaCode: 'TAGS_PER_MODEL',
    ServiceCode: 'lookoutvision',
    ResourceId: 'parts/1',
    ResourceType: 'MODEL',
  });
  await tag(world, [Tag('key-7', 'seven')]);
  expect(await tags(world)).toContainEqual(Tag('key-7', 'seven'));
  expect(await refusal(tag(world, numbered(0, 201)))).toEqual(
    invalid(
      "1 validation error detected: Value '201 items' at 'tags' failed to satisfy constraint: Member must have length less than or equal to 200",
    ),
  );
});

test('lengths are counted in characters, not in halves of them', async () => {
  const world = await service.open();
  await world.trained();
  await tag(world, [Tag('𝔸'.repeat(128), '𝟙'.repeat(256))]);
  expect(await tags(world)).toHaveLength(1);
  expect((await refusal(tag(world, [Tag('𝔸'.repeat(129), '')]))).message).toMatch(
    /'tags\.1\.member\.key' failed to satisfy constraint: Member must have length less than or equal to 128$/,
  );
});

test.each(['aws:stage', 'AWS:stage'])('%s is reserved', async (key) => {
  const world = await service.open();
  await world.trained();
  const reserved = invalid(
    `1 validation error detected: Value '${key}' at 'tags.key' failed to satisfy constraint: Member must not begin with aws:, which is reserved`,
  );
  expect(await refusal(tag(world, [Tag(key, 'x')]))).toEqual(reserved);
  await expect(
    world.import('parts', { Source: { S3: { Bucket: 'models' } }, Tags: [Tag(key, 'x')] }),
  ).rejects.toThrow('which is reserved');
});

test('all that is wrong with a list of tags is told at once, and by its place', async () => {
  const world = await service.open();
  const { message } = await refusal(tag(world, [Tag('fine', 'fine'), Tag('', 'x'), Tag('a', '#')]));
  expect(message).toBe(
    "2 validation errors detected: Value '' at 'tags.2.member.key' failed to satisfy constraint: Member must have length greater than or equal to 1; " +
      "Value '#' at 'tags.3.member.value' failed to satisfy constraint: Member must satisfy regular expression pattern: ^([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)$",
  );
});

test.each([
  ['a project', `${prefix}:project/parts`],
  ['a dataset', `${prefix}:dataset/parts/train`],
  ['a version that is none', `${prefix}:model/parts/0`],
  ['another service', 'arn:aws:s3:::models'],
  ['no ARN', 'parts'],
])('only models have tags: %s is refused', async (_name, resource) => {
  const world = await service.open();
  await world.trained();
  const wrong = invalid(
    "1 validation error detected: Value at 'resourceArn' failed to satisfy constraint: " +
      'Member must be the ARN of a model: arn:{partition}:lookoutvision:{region}:{account}:model/{ProjectName}/{ModelVersion}',
  );
  expect(await refusal(list(world, resource))).toEqual(wrong);
  expect(await refusal(tag(world, [Tag('a', 'b')], resource))).toEqual(wrong);
});

test.each([
  [
    'another account',
    'arn:aws:lookoutvision:us-east-1:999999999999:model/parts/1',
    'The resource was not found in this account and region.',
  ],
  [
    'another region',
    'arn:aws:lookoutvision:eu-west-1:111122223333:model/parts/1',
    'The resource was not found in this account and region.',
  ],
  [
    'another partition',
    'arn:aws-cn:lookoutvision:us-east-1:111122223333:model/parts/1',
    'The resource was not found in this account and region.',
  ],
  [
    'a version that is not there',
    `${prefix}:model/parts/2`,
    'Model version 2 of project parts was not found.',
  ],
])('%s: not found', async (_name, resource, message) => {
  const world = await service.open();
  await world.trained();
  const expected = { name: 'ResourceNotFoundException', status: 404, message, ResourceType: 'MODEL' };
  expect(await refusal(list(world, resource))).toMatchObject(expected);
  expect(await refusal(tag(world, [Tag('a', 'b')], resource))).toMatchObject(expected);
});

test('tags that come with an import, and go with the model', async () => {
  const world = await service.open();
  await world.trained('parts', [{ Key: 'line', Value: '1' }]);
  expect(await tags(world)).toEqual([Tag('line', '1')]);
  world.frozen = true;
  await world.client.send(new DeleteModelCommand({ ProjectName: 'parts', ModelVersion: '1' }));
  // nothing may be left behind
  expect(await refusal(tag(world, [Tag('late', 'x')]))).toMatchObject({ name: 'ResourceNotFoundException' });
  world.frozen = false;
  await world.sweepAfter(61);
  expect(await refusal(list(world))).toMatchObject({ name: 'ResourceNotFoundException' });
  expect(await world.store.tags.of({ project: 'parts', version: '1' })).toEqual({
    tags: new Map(),
    revision: 0,
  });
});

test('a hundred writers at the same time are all heard', async () => {
  const world = await service.open();
  await world.trained();
  world.clock.sleep = async (milliseconds) => {
    await new Promise((resolve) => setTimeout(resolve, milliseconds)); // a hundred sleepers share one second
  };
  const names = Array.from({ length: 100 }, (_, index) => `writer-${index}`);
  const outcomes = await Promise.allSettled(names.map((name) => tag(world, [Tag(name, 'x')])));
  expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([]);
  expect((await tags(world)).map(({ Key }) => Key).sort()).toEqual(names.sort());
}, 300_000);
