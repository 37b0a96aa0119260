import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { examine } from '../../cli/migrate/doctor.ts';
import { readExport } from '../../cli/migrate/layout.ts';
import { writeShrunk } from '../../cli/migrate/shrink.ts';
import { writeRepaired } from '../../cli/migrate/repair.ts';
import { jpeg, line, mask, maskPng, soundFolder, write } from '../helpers/export-folder.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crowsnest-export-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** One training picture for each line that is given, unless it is taken away again. */
async function exported(lines: readonly (object | string)[]): Promise<void> {
  await write(
    join(folder, 'datasets/train.manifest'),
    lines.map((each) => (typeof each === 'string' ? each : JSON.stringify(each))).join('\n'),
  );
}
const found = async (at = folder): Promise<string[]> =>
  (await examine(await readExport(at))).findings
    .filter(({ line: number }) => number !== undefined)
    .map(({ line: number, severity, problem }) => `${number ?? 0} ${severity} ${problem}`);

test('a sound export has nothing to say', async () => {
  await soundFolder(folder);
  const { findings, counts } = await examine(await readExport(folder));
  expect(findings).toEqual([]);
  expect(counts).toEqual([{ dataset: 'train', total: 30, normal: 20, anomaly: 10, masks: 0, labels: {} }]);
});

test('everything about pictures that a line can be wrong in, with its line, and repaired by leaving it out', async () => {
  for (const key of ['a.jpg', 'b.jpg', 'c.jpg', 'deep/train/images/d.jpg'])
    await write(join(folder, 'train/images', key), await jpeg());
  await write(join(folder, 'train/images/small.jpg'), await jpeg(32, 80));
  await write(join(folder, 'train/images/wide.jpg'), await jpeg(128, 80));
  await write(
    join(folder, 'train/images/gif.jpg'),
    await sharp(await jpeg())
      .gif()
      .toBuffer(),
  );
  await write(join(folder, 'train/images/text.jpg'), 'not a picture');
  const key = (name: string): object => line('train', name, 'normal');
  await exported([
    key('a.jpg'),
    key('b.jpg'),
    key('deep/train/images/d.jpg'),
    '{"source-ref": ',
    { 'anomaly-label': 1 },
    { 'source-ref': 's3://exports/2025/parts/train/images/' },
    key('gone.jpg'),
    key('small.jpg'),
    key('wide.jpg'),
    key('gif.jpg'),
    key('text.jpg'),
    key('c.jpg'),
    key('c.jpg'),
    { 'source-ref': 's3://exports/x/train/images/../../datasets/train.manifest' },
  ]);
  const problems = [
    '4 error The line is no JSON object.',
    '5 error The line has no source-ref of the form s3://bucket/key.',
    '6 error s3://exports/2025/parts/train/images/ is a folder.',
    '7 error The picture s3://exports/2025/parts/train/images/gone.jpg is not in train/images.',
    '8 error small.jpg: The picture is 32 x 80 pixels; each side must have 64 to 4096.',
    '9 error wide.jpg has 128x80 pixels; most have 96x80, and all pictures of a project must have the same.',
    '10 error gif.jpg: The body is neither a PNG nor a JPEG picture.',
    '11 error text.jpg: The body is neither a PNG nor a JPEG picture.',
    '12 warning s3://exports/2025/parts/train/images/c.jpg comes again in line 13, which counts.',
    '14 error The picture s3://exports/x/train/images/../../datasets/train.manifest is not in train/images.',
  ];
  expect(await found()).toEqual(problems);

  const copy = join(folder, 'copy');
  await writeRepaired(await readExport(folder), (await examine(await readExport(folder))).findings, copy);
  expect(await found(copy)).toEqual([]);
  const kept = (await readFile(join(copy, 'datasets/train.manifest'), 'utf8'))
    .trim()
    .split('\n')
    .map((text) => (JSON.parse(text) as Record<string, string>)['source-ref']);
  expect(kept.map((ref) => ref?.replace('s3://exports/2025/parts/train/images/', ''))).toEqual([
    'a.jpg',
    'b.jpg',
    'deep/train/images/d.jpg',
    'c.jpg',
  ]);
});

test('labels: names, letter case, values and missing members', async () => {
  await write(join(folder, 'train/images/a.jpg'), await jpeg());
  const refs = Array.from({ length: 6 }, (_, index) => ({
    'source-ref': `s3://exports/2025/parts/train/images/${index}.jpg`,
  }));
  for (const [index] of refs.entries()) await write(join(folder, `train/images/${index}.jpg`), await jpeg());
  const metadata = {
    'class-name': 'normal',
    'human-annotated': 'yes',
    type: 'groundtruth/image-classification',
  };
  await exported([
    { ...refs[0], 'auto-label': 1, 'auto-label-metadata': metadata },
    { ...refs[1], 'anomaly-label': '1', 'anomaly-label-metadata': { ...metadata, 'class-name': 'Anomaly' } },
    { ...refs[2], 'anomaly-label': 0, 'anomaly-label-metadata': { 'class-name': 'normal' } },
    { ...refs[3] },
    { ...refs[4], 'anomaly-label': 0, 'anomaly-label-metadata': { ...metadata, 'class-name': 'good' } },
    { ...refs[5], 'anomaly-label-metadata': metadata },
  ]);
  expect(await found()).toEqual([
    '1 warning auto-label is 1 where class-name is normal; only class-name counts.',
    '1 warning The label is called auto-label.',
    '2 warning The class-name "Anomaly" is not in lower case.',
    '2 warning anomaly-label is "1" where class-name is anomaly; only class-name counts.',
    "3 warning The label's type is undefined.",
    "3 warning The label's human-annotated is undefined.",
    '4 warning The picture has no label.',
    '5 warning The class-name "good" is neither normal nor anomaly, so the picture counts as unlabelled.',
    '6 warning anomaly-label-metadata is there, and anomaly-label is not.',
  ]);
  const copy = join(folder, 'copy');
  await writeRepaired(await readExport(folder), (await examine(await readExport(folder))).findings, copy);
  expect(await found(copy)).toEqual([
    '4 warning The picture has no label.',
    '5 warning The class-name "good" is neither normal nor anomaly, so the picture counts as unlabelled.',
  ]);
  expect(
    JSON.parse((await readFile(join(copy, 'datasets/train.manifest'), 'utf8')).split('\n')[0] ?? ''),
  ).toEqual({ ...refs[0], 'anomaly-label': 0, 'anomaly-label-metadata': metadata });
});

test('masks: missing, no PNG, of another size, with colours that the map lacks', async () => {
  for (let index = 0; index < 6; index += 1)
    await write(join(folder, `train/images/${index}.jpg`), await jpeg());
  await write(join(folder, 'train/masks/0.png'), await maskPng(['#23a436']));
  await write(join(folder, 'train/masks/2.png'), await jpeg());
  await write(join(folder, 'train/masks/3.png'), await maskPng(['#23a436'], 64, 64));
  await write(join(folder, 'train/masks/4.png'), await maskPng(['#23a436', '#0000ff']));
  await write(join(folder, 'train/masks/5.png'), await maskPng([], 16, 16));
  const cracked = { BACKGROUND: '#FFFFFF', cracked: '#23A436' };
  await exported([
    ...[0, 1, 2, 3, 4].map((index) =>
      line('train', `${index}.jpg`, 'anomaly', mask('train', `${index}.png`, cracked)),
    ),
    line('train', '5.jpg', 'normal', mask('train', '5.png', { BACKGROUND: '#ffffff' })),
  ]);
  expect(await found()).toEqual([
    '2 error The mask s3://exports/2025/parts/train/masks/1.png is not in train/masks.',
    '3 error The mask 2.png is a jpeg, whatever it is called; it must be a PNG.',
    "4 error The mask of 3.jpg has 64 x 64 pixels; its picture has 96 x 80 pixels. Draw it at the picture's size, or write the picture upright.",
    "5 error The mask of 4.jpg has the colour #0000FF, which its colour map doesn't list.",
  ]);
});

test('a set is shrunk whole: pictures upright, masks in their exact colours', async () => {
  const [width, height] = [640, 480];
  const turned = await sharp(await jpeg(width, height))
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();
  await write(join(folder, 'train/images/a.jpg'), turned);
  await write(join(folder, 'train/masks/a.png'), await maskPng(['#23a436'], width, height));
  await exported([line('train', 'a.jpg', 'anomaly', mask('train', 'a.png', { cracked: '#23A436' }))]);
  const copy = join(folder, 'shrunk');
  expect(await writeShrunk(await readExport(folder), 160, copy)).toEqual({
    pictures: 1,
    masks: 1,
    changed: 1,
  });
  const header = await sharp(join(copy, 'train/images/a.jpg')).metadata();
  expect([header.width, header.height, header.orientation]).toEqual([120, 160, undefined]);
  const shrunk = await sharp(join(copy, 'train/masks/a.png')).raw().toBuffer({ resolveWithObject: true });
  expect([shrunk.info.width, shrunk.info.height]).toEqual([120, 160]);
  const colours = new Set<string>();
  for (let at = 0; at < shrunk.data.length; at += 4)
    if ((shrunk.data[at + 3] ?? 0) > 0) colours.add(shrunk.data.subarray(at, at + 3).toString('hex'));
  expect(colours.has('23a436')).toBe(true);
  expect([...colours].filter((each) => !['23a436', 'ffffff'].includes(each))).toEqual([]);
  expect(await found(copy)).toEqual([]);
});

test('counts that training would refuse', async () => {
  await write(join(folder, 'train/images/a.jpg'), await jpeg());
  await exported([line('train', 'a.jpg', 'normal')]);
  const { findings } = await examine(await readExport(folder));
  expect(findings.map(({ severity, problem }) => `${severity} ${problem}`)).toEqual([
    'warning 1 normal and 0 anomalous pictures are usable; training needs 20 and 10.',
  ]);
});

test('pictures that DetectAnomalies in AWS would refuse are told once, by how many and how large', async () => {
  const small = await jpeg();
  // What follows a JPEG's end is ignored by whoever reads it.
  for (const [name, bytes] of [
    ['a.jpg', 4_400_000],
    ['b.jpg', 4_400_001],
    ['c.jpg', 5_000_000],
  ] as const)
    await write(join(folder, 'train/images', name), Buffer.concat([small], bytes));
  await exported(['a.jpg', 'b.jpg', 'c.jpg'].map((name) => line('train', name, 'normal')));
  const { findings } = await examine(await readExport(folder));
  expect(findings.filter(({ problem }) => problem.includes('DetectAnomalies'))).toEqual([
    expect.objectContaining({
      severity: 'warning',
      problem:
        '2 of 3 pictures have more than 4.4 MB, the largest 5.0: models are trained from them, but DetectAnomalies ' +
        'in AWS refuses such a picture.',
    }),
  ]);
});

test('a folder that is no export is told what it lacks', async () => {
  await expect(readExport(folder)).rejects.toThrow(
    `${folder} has no datasets/train.manifest. Copy the destination of the export here as it is`,
  );
  await write(join(folder, 'parts/datasets/test.manifest'), '');
  await expect(readExport(folder)).rejects.toThrow(
    `It looks like several exports: migrate ${join(folder, 'parts')} one by one.`,
  );
});
