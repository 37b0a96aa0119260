import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  CreateDatasetCommand,
  CreateProjectCommand,
  DeleteDatasetCommand,
  DeleteProjectCommand,
  DescribeDatasetCommand,
  DescribeProjectCommand,
  ListDatasetEntriesCommand,
  UpdateDatasetEntriesCommand,
  paginateListDatasetEntries,
  type ListDatasetEntriesCommandInput,
} from '@aws-sdk/client-lookoutvision';
import { parseEntry } from '../../lambdas/domain/manifest.ts';
import { scan } from '../../lambdas/local/execution-memory.ts';
import { sweep } from '../../lambdas/workflows/sweep/sweep.ts';
import { line, manifestOf } from '../helpers/manifests.ts';
import { TestDynamo } from '../helpers/dynamo.ts';
import { World } from '../helpers/world.ts';
import { where } from '../helpers/where.ts';

let dynamo: TestDynamo;
let world: World;
let count = 0;

beforeAll(async () => {
  dynamo = await TestDynamo.start();
  world = await World.open(dynamo);
});
afterAll(() => dynamo.close());

const bytes = (text: string): Uint8Array => Buffer.from(text);

async function project(of = world): Promise<string> {
  const ProjectName = `p${(count += 1)}`;
  await of.client.send(new CreateProjectCommand({ ProjectName }));
  return ProjectName;
}

async function imported(manifest: string, DatasetType = 'train', of = world): Promise<string> {
  const ProjectName = await project(of);
  of.objects.objects.set(`photos/${ProjectName}.manifest`, bytes(manifest));
  await of.client.send(
    new CreateDatasetCommand({
      ProjectName,
      DatasetType,
      DatasetSource: source('photos', `${ProjectName}.manifest`),
    }),
  );
  await of.settle();
  return ProjectName;
}

const source = (Bucket: string, Key: string) => ({ GroundTruthManifest: { S3Object: { Bucket, Key } } });

async function described(ProjectName: string, DatasetType = 'train', of = world) {
  const { DatasetDescription } = await of.client.send(
    new DescribeDatasetCommand({ ProjectName, DatasetType }),
  );
  return DatasetDescription;
}

async function entries(
  ProjectName: string,
  filter: Partial<ListDatasetEntriesCommandInput> = {},
  of = world,
): Promise<string[]> {
  const found: string[] = [];
  for await (const page of paginateListDatasetEntries(
    { client: of.client, pageSize: filter.MaxResults ?? 100 },
    { ProjectName, DatasetType: 'train', ...filter },
  )) {
    found.push(...(page.DatasetEntries ?? []));
  }
  return found;
}

const names = (lines: readonly string[]): string[] =>
  lines.map((each) => String((JSON.parse(each) as { 'source-ref': string })['source-ref'].split('/').at(-1)));
const update = (ProjectName: string, changes: string, more: object = {}) =>
  world.client.send(
    new UpdateDatasetEntriesCommand({ ProjectName, DatasetType: 'train', Changes: bytes(changes), ...more }),
  );

/**
 * Rows that belong to no project, model or token: those of entries, of what is staged, and promises to
 * remove.
 */
async function loose(of = world): Promise<string[]> {
  const found: string[] = [];
  for await (const row of scan(of.dynamo.client, of.tableName))
    if (/^(E|I|C|DISCARD)#/.test(String(row['pk']))) found.push(String(row['pk']));
  return found;
}

describe('CreateDataset', () => {
  test('without a source makes an empty dataset at once', async () => {
    const ProjectName = await project();
    const { DatasetMetadata } = await world.client.send(
      new CreateDatasetCommand({ ProjectName, DatasetType: 'train' }),
    );
    expect(DatasetMetadata).toMatchObject({
      DatasetType: 'train',
      Status: 'CREATE_COMPLETE',
      StatusMessage: 'The dataset was created successfully.',
    });
    expect(await described(ProjectName)).toMatchObject({
      ProjectName,
      ImageStats: { Total: 0, Labeled: 0, Normal: 0, Anomaly: 0 },
    });
    expect(await entries(ProjectName)).toEqual([]);
    const { ProjectDescription } = await world.client.send(new DescribeProjectCommand({ ProjectName }));
    expect(ProjectDescription?.Datasets).toEqual([DatasetMetadata]);
  });

  test('reads a manifest, and says meanwhile and afterwards how it stands', async () => {
    const ProjectName = await project();
    world.objects.objects.set(
      'photos/first.manifest',
      bytes(
        manifestOf([
          line('a.jpg', 'anomaly'),
          line('b.jpg', 'normal'),
          line('c.jpg', 'normal'),
          { 'source-ref': 's3://photos/d.jpg' },
        ]),
      ),
    );
    const { DatasetMetadata } = await world.client.send(
      new CreateDatasetCommand({
        ProjectName,
        DatasetType: 'train',
        DatasetSource: source('photos', 'first.manifest'),
      }),
    );
    expect(DatasetMetadata).toMatchObject({
      Status: 'CREATE_IN_PROGRESS',
      StatusMessage: 'The dataset is being created.',
    });
    // As published scripts do it: the first poll follows at once, and everything but CREATE_IN_PROGRESS and
    // CREATE_COMPLETE is a failure.
    const seen = new Set<string | undefined>();
    let status = (await described(ProjectName))?.Status;
    for (; status === 'CREATE_IN_PROGRESS'; status = (await described(ProjectName))?.Status) seen.add(status);
    expect(status).toBe('CREATE_COMPLETE');
    expect((await described(ProjectName))?.ImageStats).toEqual({
      Total: 4,
      Labeled: 3,
      Normal: 2,
      Anomaly: 1,
    });
    expect(names(await entries(ProjectName))).toEqual(['a.jpg', 'b.jpg', 'c.jpg', 'd.jpg']);
  });

  test.each([
    [
      'a manifest that is not there',
      undefined,
      /^The dataset could not be created\. The manifest s3:\/\/photos\/p\d+\.manifest was not found\.$/,
    ],
    ['bad JSON', `${manifestOf([line('a.jpg', 'normal')])}{"source-ref": \n`, /Line 2: it is not JSON/],
    [
      'a relative path',
      manifestOf([{ 'source-ref': 'images/a.jpg' }]),
      /Line 1: "source-ref" is 'images\/a\.jpg'; it must be s3:\/\/BUCKET\/KEY\.$/,
    ],
    [
      'a line that is too long',
      manifestOf([{ 'source-ref': 's3://photos/a.jpg', note: 'x'.repeat(8192) }]),
      /Line 1: the line has \d+ characters; at most 8192/,
    ],
    ['a line without an end', 'x'.repeat(200_000), /Line 1: it has more than 65536 bytes/],
  ])('ends in CREATE_FAILED with the reason: %s', async (_, manifest, reason) => {
    const ProjectName = await project();
    if (manifest !== undefined) world.objects.objects.set(`photos/${ProjectName}.manifest`, bytes(manifest));
    await world.client.send(
      new CreateDatasetCommand({
        ProjectName,
        DatasetType: 'train',
        DatasetSource: source('photos', `${ProjectName}.manifest`),
      }),
    );
    await world.settle();
    expect(await described(ProjectName)).toMatchObject({
      Status: 'CREATE_FAILED',
      StatusMessage: expect.stringMatching(reason),
      ImageStats: { Total: 0, Labeled: 0, Normal: 0, Anomaly: 0 },
    });
    await expect(update(ProjectName, manifestOf([line('a.jpg', 'normal')]))).rejects.toMatchObject({
      name: 'ConflictException',
    });
    await world.client.send(new DeleteDatasetCommand({ ProjectName, DatasetType: 'train' }));
  });

  test('takes more images than the type may have for a failure', async () => {
    const small = await World.open(dynamo, { settings: { limits: { images: { train: 3, test: 2 } } } });
    const three = [line('a.jpg', 'normal'), line('b.jpg', 'normal'), line('c.jpg', 'normal')];
    expect((await described(await imported(manifestOf(three), 'train', small), 'train', small))?.Status).toBe(
      'CREATE_COMPLETE',
    );
    expect(await described(await imported(manifestOf(three), 'test', small), 'test', small)).toMatchObject({
      Status: 'CREATE_FAILED',
      StatusMessage: expect.stringContaining('Line 3: a test dataset can have at most 2 images.'),
    });
    const full = await imported(manifestOf(three), 'train', small);
    await small.client.send(
      new UpdateDatasetEntriesCommand({
        ProjectName: full,
        DatasetType: 'train',
        Changes: bytes(manifestOf([line('c.jpg', 'anomaly'), line('d.jpg', 'normal')])),
      }),
    );
    await small.settle();
    expect(await described(full, 'train', small)).toMatchObject({
      Status: 'UPDATE_FAILED_ROLLBACK_COMPLETE',
      StatusMessage: expect.stringContaining('It would have 4 images'),
      ImageStats: { Total: 3, Normal: 3 },
    });
  });

  test('names only buckets that the stage lists: in the source, and in every line', async () => {
    const strict = await World.open(dynamo, { settings: { buckets: ['photos', 'masks'] } });
    const ProjectName = await project(strict);
    await expect(
      strict.client.send(
        new CreateDatasetCommand({ ProjectName, DatasetType: 'train', DatasetSource: source('other', 'x') }),
      ),
    ).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('datasetSource.groundTruthManifest.s3Object.bucket'),
    });
    const masked = {
      ...line('a.jpg', 'anomaly'),
      'm-ref': 's3://other/a.png',
      'm-ref-metadata': { 'internal-color-map': { 0: { 'class-name': 'x', 'hex-color': '#123456' } } },
    };
    const failed = await imported(manifestOf([line('b.jpg', 'normal'), masked]), 'train', strict);
    expect(await described(failed, 'train', strict)).toMatchObject({
      Status: 'CREATE_FAILED',
      StatusMessage: expect.stringContaining('Line 2: "m-ref" names bucket \'other\''),
    });
    const foreign = await imported(manifestOf([{ 'source-ref': 's3://other/a.jpg' }]), 'train', strict);
    expect(await described(foreign, 'train', strict)).toMatchObject({
      Status: 'CREATE_FAILED',
      StatusMessage: expect.stringContaining('Line 1: "source-ref" names bucket \'other\''),
    });
  });

  test('refuses a second of a type, a missing project, and half a source', async () => {
    const ProjectName = await project();
    await world.client.send(new CreateDatasetCommand({ ProjectName, DatasetType: 'test' }));
    await expect(
      world.client.send(new CreateDatasetCommand({ ProjectName, DatasetType: 'test' })),
    ).rejects.toMatchObject({
      name: 'ConflictException',
      ResourceType: 'DATASET',
      ResourceId: `${ProjectName}/test`,
    });
    await expect(
      world.client.send(new CreateDatasetCommand({ ProjectName: 'nowhere', DatasetType: 'train' })),
    ).rejects.toMatchObject({ name: 'ResourceNotFoundException', ResourceType: 'PROJECT' });
    await expect(
      world.client.send(new CreateDatasetCommand({ ProjectName, DatasetType: 'train', DatasetSource: {} })),
    ).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(
      world.client.send(new DescribeDatasetCommand({ ProjectName, DatasetType: 'train' })),
    ).rejects.toMatchObject({ name: 'ResourceNotFoundException', ResourceType: 'DATASET' });
    await expect(world.client.send(new DeleteProjectCommand({ ProjectName }))).rejects.toMatchObject({
      name: 'ConflictException',
      message: expect.stringContaining('1 datasets'),
    });
  });

  test('happens once for a token', async () => {
    const ProjectName = await project();
    const ClientToken = 'create-once';
    const first = await world.client.send(
      new CreateDatasetCommand({ ProjectName, DatasetType: 'train', ClientToken }),
    );
    const again = await world.client.send(
      new CreateDatasetCommand({ ProjectName, DatasetType: 'train', ClientToken }),
    );
    expect(again.DatasetMetadata).toEqual(first.DatasetMetadata);
    await expect(
      world.client.send(new CreateDatasetCommand({ ProjectName, DatasetType: 'test', ClientToken })),
    ).rejects.toMatchObject({ name: 'ValidationException' });
  });
});

const official = fileURLToPath(
  new URL('../../../shared/data/cookies/manifests/template.manifest', import.meta.url),
);
where(existsSync(official), 'the sample pictures of the original').test(
  "takes AWS's own getting-started manifest, which breaks the documented rules",
  async () => {
    const manifest = readFileSync(official, 'utf8')
      .replaceAll('"training-images/', '"s3://photos/training-images/')
      .replaceAll('"mask-images/', '"s3://photos/mask-images/');
    const ProjectName = await imported(manifest);
    expect(await described(ProjectName)).toMatchObject({
      Status: 'CREATE_COMPLETE',
      ImageStats: { Total: 63, Labeled: 63, Normal: 31, Anomaly: 32 },
    });
    const masks = (await entries(ProjectName)).flatMap((each) => parseEntry(each)?.mask ?? []);
    expect(masks).toHaveLength(32);
    expect(masks[0]).toEqual({
      ref: 's3://photos/mask-images/anomaly-1.png',
      classes: [{ name: 'cracked', color: '#23A436' }],
    });
    expect(
      await entries(ProjectName, {
        AfterCreationDate: new Date('2022-01-01'),
        BeforeCreationDate: new Date('2023-01-01'),
      }),
    ).toHaveLength(63);
  },
);

describe('ListDatasetEntries', () => {
  let ProjectName = '';
  beforeAll(async () => {
    ProjectName = await imported(
      manifestOf([
        line('one.jpg', 'normal', '2022-01-01T00:00:00'),
        line('two.jpg', 'anomaly', '2022-01-02T00:00:00.000Z'),
        { 'source-ref': 's3://photos/set/three.jpg' },
        line('four.jpg', 'normal', '2022-01-03T00:00:00.123456'),
        line('five.jpg', 'anomaly'),
      ]),
    );
  });

  test.each<[Partial<ListDatasetEntriesCommandInput>, string[]]>([
    [{ Labeled: true }, ['one.jpg', 'two.jpg', 'four.jpg', 'five.jpg']],
    [{ Labeled: false }, ['three.jpg']],
    [{ AnomalyClass: 'normal' }, ['one.jpg', 'four.jpg']],
    [{ AnomalyClass: 'anomaly' }, ['two.jpg', 'five.jpg']],
    [{ BeforeCreationDate: new Date('2022-01-02T00:00:00Z') }, ['one.jpg']],
    [{ AfterCreationDate: new Date('2022-01-01T00:00:00Z') }, ['two.jpg', 'four.jpg']],
    [{ AfterCreationDate: new Date('2022-01-01T00:00:00Z'), AnomalyClass: 'normal' }, ['four.jpg']],
    [{ SourceRefContains: '/set/' }, ['three.jpg']],
    [{ SourceRefContains: 'set', Labeled: true }, []],
  ])('%j', async (filter, expected) => {
    expect(names(await entries(ProjectName, filter))).toEqual(expected);
  });

  test.each([{}, { Labeled: true }])('comes in full pages, and ends without a token: %j', async (filter) => {
    const page = await world.client.send(
      new ListDatasetEntriesCommand({ ProjectName, DatasetType: 'train', MaxResults: 3, ...filter }),
    );
    expect(page.DatasetEntries).toHaveLength(3);
    const rest = await world.client.send(
      new ListDatasetEntriesCommand({
        ProjectName,
        DatasetType: 'train',
        MaxResults: 3,
        ...filter,
        NextToken: page.NextToken,
      }),
    );
    expect(rest.NextToken).toBeUndefined();
    expect([...(page.DatasetEntries ?? []), ...(rest.DatasetEntries ?? [])]).toEqual(
      await entries(ProjectName, filter),
    );
    await expect(
      world.client.send(
        new ListDatasetEntriesCommand({
          ProjectName,
          DatasetType: 'train',
          AnomalyClass: 'normal',
          NextToken: page.NextToken,
        }),
      ),
    ).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(
      world.client.send(
        new ListDatasetEntriesCommand({ ProjectName, DatasetType: 'train', MaxResults: 101 }),
      ),
    ).rejects.toMatchObject({ name: 'ValidationException' });
  });
});

describe('UpdateDatasetEntries', () => {
  test('replaces lines whole, adds others, and the last line about a picture counts', async () => {
    const ProjectName = await imported(
      manifestOf([
        { ...line('a.jpg', 'normal'), note: 'old' },
        line('b.jpg', 'normal'),
        line('c.jpg', 'anomaly'),
      ]),
    );
    const before = await described(ProjectName);
    world.clock.advance(10);
    const { Status } = await update(
      ProjectName,
      manifestOf([line('a.jpg', 'anomaly'), { 'source-ref': 's3://photos/d.jpg' }, line('d.jpg', 'normal')]),
    );
    expect(Status).toBe('UPDATE_IN_PROGRESS');
    expect((await described(ProjectName))?.Status).toMatch(/^UPDATE_(IN_PROGRESS|COMPLETE)$/);
    await world.settle();
    const after = await described(ProjectName);
    expect(after).toMatchObject({
      Status: 'UPDATE_COMPLETE',
      StatusMessage: 'The dataset was updated successfully.',
      ImageStats: { Total: 4, Labeled: 4, Normal: 2, Anomaly: 2 },
    });
    expect(after?.CreationTimestamp).toEqual(before?.CreationTimestamp);
    expect(after?.LastUpdatedTimestamp?.getTime()).toBeGreaterThan(
      before?.LastUpdatedTimestamp?.getTime() ?? Infinity,
    );
    const now = await entries(ProjectName);
    expect(names(now)).toEqual(['b.jpg', 'c.jpg', 'a.jpg', 'd.jpg']);
    expect(now.join()).not.toContain('old');
    await update(ProjectName, manifestOf([line('e.jpg', 'normal')]));
    await world.settle();
    expect(names(await entries(ProjectName))).toEqual(['b.jpg', 'c.jpg', 'a.jpg', 'd.jpg', 'e.jpg']);
  });

  test('keeps nothing of an update with a bad line, and says which', async () => {
    const ProjectName = await imported(manifestOf([line('a.jpg', 'normal')]));
    const before = await entries(ProjectName);
    await update(ProjectName, `${manifestOf([line('a.jpg', 'anomaly'), line('b.jpg', 'anomaly')])}\n[1]`);
    await world.settle();
    expect(await described(ProjectName)).toMatchObject({
      Status: 'UPDATE_FAILED_ROLLBACK_COMPLETE',
      StatusMessage:
        'The dataset could not be updated, and is as it was before. Line 4: it is not a JSON object.',
      ImageStats: { Total: 1, Labeled: 1, Normal: 1, Anomaly: 0 },
    });
    expect(await entries(ProjectName)).toEqual(before);
  });

  test('is refused while another is under way, like DeleteDataset; a repetition is not', async () => {
    const ProjectName = await imported(manifestOf([line('a.jpg', 'normal')]));
    let go = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const { context } = world;
    const start = context.runner.start.bind(context.runner);
    context.runner.start = async (execution) => {
      await gate;
      return start(execution);
    };
    try {
      const changes = manifestOf([line('b.jpg', 'normal')]);
      const first = update(ProjectName, changes, { ClientToken: 'update-once' });
      while ((await described(ProjectName))?.Status !== 'UPDATE_IN_PROGRESS');
      await expect(update(ProjectName, changes)).rejects.toMatchObject({
        name: 'ConflictException',
        ResourceType: 'DATASET',
        ResourceId: `${ProjectName}/train`,
      });
      await expect(
        world.client.send(new DeleteDatasetCommand({ ProjectName, DatasetType: 'train' })),
      ).rejects.toMatchObject({ name: 'ConflictException', ResourceType: 'DATASET' });
      expect((await update(ProjectName, changes, { ClientToken: 'update-once' })).Status).toBe(
        'UPDATE_IN_PROGRESS',
      );
      await expect(update(ProjectName, `${changes}\n`, { ClientToken: 'update-once' })).rejects.toMatchObject(
        { name: 'ValidationException' },
      );
      go();
      await first;
    } finally {
      context.runner.start = start;
    }
    await world.settle();
    expect(names(await entries(ProjectName))).toEqual(['a.jpg', 'b.jpg']);
    expect(
      (await update(ProjectName, manifestOf([line('b.jpg', 'normal')]), { ClientToken: 'update-once' }))
        .Status,
    ).toBe('UPDATE_IN_PROGRESS');
    expect((await described(ProjectName))?.Status).toBe('UPDATE_COMPLETE');
  });

  test('takes ten megabytes, and names the limit of a deployment that takes less', async () => {
    const ProjectName = await imported('');
    const big = manifestOf(
      Array.from({ length: 1280 }, (_, index) => ({
        ...line(`${index}.jpg`, 'normal'),
        note: 'x'.repeat(7900),
      })),
    )
      .slice(0, 10_485_760)
      .replace(/\n[^\n]*$/, '');
    expect(big.length).toBeGreaterThan(10_000_000);
    await update(ProjectName, big);
    await world.settle();
    expect((await described(ProjectName))?.ImageStats?.Total).toBe(big.split('\n').length);
    const aws = await World.open(dynamo, { settings: { limits: { changes: 1000 } } });
    await expect(
      aws.client.send(
        new UpdateDatasetEntriesCommand({
          ProjectName,
          DatasetType: 'train',
          Changes: bytes(big.slice(0, 1001)),
        }),
      ),
    ).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('less than or equal to 1000'),
    });
  });

  test('of what is missing is 404', async () => {
    await expect(update('nowhere', '{}')).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      ResourceType: 'PROJECT',
    });
    await expect(update(await project(), '{}')).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      ResourceType: 'DATASET',
    });
  });
});

describe('DeleteDataset', () => {
  test('frees the name at once, and nothing is left of the entries', async () => {
    const own = await World.open(dynamo);
    const ProjectName = await imported(
      manifestOf([line('a.jpg', 'normal'), line('a.jpg', 'anomaly'), line('b.jpg', 'normal')]),
      'train',
      own,
    );
    const ClientToken = 'delete-once';
    await own.client.send(new DeleteDatasetCommand({ ProjectName, DatasetType: 'train', ClientToken }));
    await own.client.send(new CreateDatasetCommand({ ProjectName, DatasetType: 'train' }));
    // the first one again: the new one stays
    await own.client.send(new DeleteDatasetCommand({ ProjectName, DatasetType: 'train', ClientToken }));
    expect((await described(ProjectName, 'train', own))?.ImageStats?.Total).toBe(0);
    expect((await loose(own)).length).toBeGreaterThan(0);
    await own.sweepAfter(3601);
    expect(await loose(own)).toEqual([]);
    await own.client.send(new DeleteDatasetCommand({ ProjectName, DatasetType: 'train' }));
    await expect(
      own.client.send(new DeleteDatasetCommand({ ProjectName, DatasetType: 'train' })),
    ).rejects.toMatchObject({ name: 'ResourceNotFoundException', ResourceType: 'DATASET' });
    await own.client.send(new DeleteProjectCommand({ ProjectName }));
    expect(await sweep(own.context)).toMatchObject({ failed: 0 });
  });
});
