import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DescribeDatasetCommand, ListDatasetEntriesCommand } from '@aws-sdk/client-lookoutvision';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openLocalHost, type LocalHost } from '../helpers/local-host.ts';
import { crowsnest } from '../helpers/run.ts';

let host: LocalHost;
let folder: string;
beforeAll(async () => {
  host = await openLocalHost();
  folder = join(await mkdtemp(join(tmpdir(), 'crowsnest-cli-')), 'bolts');
  for (const name of [
    'good/b.jpg',
    'good/a.png',
    'good/deep/c.JPEG',
    'bad/x.jpg',
    'later/z.jpg',
    'good/notes.txt',
  ]) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), `the bytes of ${name}`);
  }
  await mkdir(join(folder, 'empty'));
  await writeFile(join(folder, '../outside.jpg'), 'somewhere else');
});
afterAll(async () => {
  await host.close();
  await rm(join(folder, '..'), { recursive: true, force: true });
});

const credentials = { AWS_ACCESS_KEY_ID: 'any', AWS_SECRET_ACCESS_KEY: 'any' };
const create = (...words: string[]) =>
  crowsnest(
    ['dataset', 'create', folder, '--endpoint', host.url, '--bucket', 'bolts-photos', ...words],
    credentials,
  );
const train = { ProjectName: 'bolts', DatasetType: 'train' };

test('a folder of pictures becomes a dataset, and is sent once', async () => {
  const words = ['--normal', 'good', '--anomaly', 'bad', '--unlabelled', 'later'];
  const first = await create(...words);
  expect(first.errors).toBe('');
  expect(first.out).toContain('Bucket bolts-photos is made.');
  expect(first.out).toContain('Dataset train is made: 5 pictures, 3 normal, 1 anomalous.');
  const { DatasetDescription } = await host.client.send(new DescribeDatasetCommand(train));
  expect(DatasetDescription?.ImageStats).toEqual({ Total: 5, Labeled: 4, Normal: 3, Anomaly: 1 });
  const { DatasetEntries = [] } = await host.client.send(new ListDatasetEntriesCommand(train));
  const urls = DatasetEntries.map((line) => (JSON.parse(line) as { 'source-ref': string })['source-ref']);
  expect(urls).toContain('s3://bolts-photos/bolts/train/images/good/deep/c.JPEG');

  const again = await create(...words);
  expect(again.out).toContain('Pictures: 5 of 5, 0 of them new');
  expect(again.out).toContain('Dataset train is there already, with 5 pictures.');
}, 120_000);

test.each<[string, string[], RegExp]>([
  ['no class', [], /--normal, --anomaly or --unlabelled/],
  ['a folder that is not there', ['--normal', 'nowhere'], /no folder .*nowhere, which --normal names/],
  ['a folder without pictures', ['--normal', 'empty'], /empty has no pictures/],
  ['one folder in two classes', ['--normal', 'good', '--anomaly', 'good'], /is in two of the folders/],
  ['a folder elsewhere', ['--normal', '..'], /is not in/],
])('%s is told in a sentence, and nothing is sent', async (_, words, told) => {
  const { code, errors } = await create('--project', 'other', ...words);
  expect(code).toBe(1);
  expect(errors).toMatch(told);
  await expect(
    host.client.send(new DescribeDatasetCommand({ ...train, ProjectName: 'other' })),
  ).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});

test('what arrives is what was in the folder', async () => {
  const bytes = await readFile(join(folder, 'good/b.jpg'), 'utf8');
  expect(bytes).toBe('the bytes of good/b.jpg');
  const response = await fetch(`${host.url}/bolts-photos/bolts/train/images/good/b.jpg`);
  expect(await response.text()).toBe(bytes);
});
