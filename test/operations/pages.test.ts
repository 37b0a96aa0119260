import { beforeAll, expect, test } from '@jest/globals';
import {
  CreateDatasetCommand,
  CreateProjectCommand,
  ListDatasetEntriesCommand,
  ListModelPackagingJobsCommand,
  ListModelsCommand,
  ListProjectsCommand,
  StartModelPackagingJobCommand,
} from '@aws-sdk/client-lookoutvision';
import { fingerprint } from '../../lambdas/domain/tokens.ts';
import { line, manifestOf } from '../helpers/manifests.ts';
import { invalid, refusal } from '../helpers/refusal.ts';
import { testService } from '../helpers/service.ts';

// A token of a list is no secret: whoever knows how they are made can make one. What stands in it must look
// like what the service puts there.

const service = testService();
const project = { ProjectName: 'parts' };
const train = { ...project, DatasetType: 'train' };
const forged = (...parts: readonly string[]): string => Buffer.from(JSON.stringify(parts)).toString('base64');
const bad = invalid(
  "1 validation error detected: Value at 'nextToken' failed to satisfy constraint: Member must be a token that this operation returned for the same parameters",
);

beforeAll(async () => {
  const { client } = await service.shared();
  await client.send(new CreateProjectCommand(project));
  await client.send(new CreateDatasetCommand(train));
});

const strange = ['', ' ', '~', '!', '#', '\u0000', '\ud800', '\u00e9', '\u{1f600}', 'x'.repeat(1400)];

test.each([...strange, '-5', 'NaN', 'Infinity', '1e3', '0x10', '1.5'])(
  'a place that no list has is refused by every list: %j',
  async (place) => {
    const { client } = await service.shared();
    const calls = [
      () =>
        client.send(new ListModelsCommand({ ...project, NextToken: forged('ListModels', 'parts', place) })),
      () =>
        client.send(
          new ListDatasetEntriesCommand({
            ...train,
            NextToken: forged('ListDatasetEntries', fingerprint(train), place),
          }),
        ),
      ...(strange.includes(place)
        ? [
            () => client.send(new ListProjectsCommand({ NextToken: forged('ListProjects', place) })),
            () =>
              client.send(
                new ListModelPackagingJobsCommand({
                  ...project,
                  NextToken: forged('ListModelPackagingJobs', 'parts', place),
                }),
              ),
          ]
        : []),
    ];
    for (const call of calls) expect(await refusal(call())).toEqual(bad);
  },
);

test('every token that is given out is taken back, whatever stands first in a name', async () => {
  const world = await service.open();
  const model = await world.trained();
  for (const [key, content] of [
    ['model.onnx', 'a graph'],
    ['model.json', '{}'],
  ] as const)
    world.objects.objects.set(`artifacts/copy/${key}`, Buffer.from(content));
  const names = ['-', '--a', '0', 'A', 'a-'];
  for (const JobName of names) {
    await world.client.send(
      new StartModelPackagingJobCommand({
        ...model,
        JobName,
        Configuration: {
          Greengrass: {
            ComponentName: 'part',
            TargetDevice: 'jetson_xavier',
            S3OutputLocation: { Bucket: 'out', Prefix: JobName },
          },
        },
      }),
    );
    await world.settle();
  }
  world.objects.objects.set(
    'photos/m',
    Buffer.from(manifestOf(names.map((name) => line(`${name}.jpg`, 'normal')))),
  );
  await world.client.send(
    new CreateDatasetCommand({
      ...train,
      DatasetSource: { GroundTruthManifest: { S3Object: { Bucket: 'photos', Key: 'm' } } },
    }),
  );
  await world.settle();
  for (let more = 0; more < 4; more += 1) await world.trained();

  const all = async <T>(
    list: (NextToken?: string) => Promise<[T | undefined, string | undefined]>,
  ): Promise<(T | undefined)[]> => {
    const found: (T | undefined)[] = [];
    for (let [item, token] = await list(); ; [item, token] = await list(token)) {
      found.push(item);
      if (token === undefined) return found;
    }
  };
  expect(
    await all(async (NextToken) => {
      const page = await world.client.send(
        new ListModelPackagingJobsCommand({ ...project, MaxResults: 1, NextToken }),
      );
      return [page.ModelPackagingJobs?.[0]?.JobName, page.NextToken];
    }),
  ).toEqual(names);
  expect(
    await all(async (NextToken) => {
      const page = await world.client.send(new ListModelsCommand({ ...project, MaxResults: 1, NextToken }));
      return [page.Models?.[0]?.ModelVersion, page.NextToken];
    }),
  ).toEqual(['5', '4', '3', '2', '1']);
  expect(
    await all(async (NextToken) => {
      const page = await world.client.send(
        new ListDatasetEntriesCommand({ ...train, MaxResults: 1, NextToken }),
      );
      return [/photos\/(.*)\.jpg/.exec(page.DatasetEntries?.[0] ?? '')?.[1], page.NextToken];
    }),
  ).toEqual(names);
});
