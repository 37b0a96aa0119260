import { appendFile, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { jpeg, line, soundFolder, write } from '../helpers/export-folder.ts';
import { startKeyedHost, type KeyedHost } from '../helpers/keyed-host.ts';
import { crowsnest, type Ran } from '../helpers/run.ts';
import { plates } from '../vision/pictures-made.ts';

let host: KeyedHost;
let folder: string;
beforeAll(async () => {
  host = await startKeyedHost();
  folder = join(host.folder, 'parts');
  await soundFolder(folder);
});
afterAll(() => host.close());

const migrate = (from: string, ...more: string[]): Promise<Ran> =>
  crowsnest(['migrate', from, ...more], host.variables);
const sent = (...more: string[]): string[] => ['--endpoint', host.url, '--data-dir', host.dataDir, ...more];

test('without an endpoint an export is only checked', async () => {
  expect(await migrate(folder)).toEqual({
    code: 0,
    errors: '',
    out: 'Lines looked at: 30 of 30\ntrain: 30 usable pictures, 20 normal, 10 anomalous, 0 with a mask\nNothing was sent: name a deployment with --endpoint.\n',
  });
});

test('an export with errors is not sent, unless repaired', async () => {
  const spoilt = join(host.folder, 'spoilt');
  await soundFolder(spoilt);
  await appendFile(
    join(spoilt, 'datasets/train.manifest'),
    `${JSON.stringify(line('train', 'gone.jpg', 'normal'))}\n`,
  );
  const refused = await migrate(spoilt, ...sent());
  expect(refused).toMatchObject({
    code: 1,
    errors: '1 errors. Put them right, or let --fix write a repaired copy.\n',
  });
  expect(refused.out).toContain(
    'datasets/train.manifest:31: error: The picture s3://exports/2025/parts/train/images/gone.jpg is not in train/images. ' +
      'Copy it there from the bucket, or take the line out. [--fix]\n',
  );
  const fixed = await migrate(spoilt, '--fix');
  expect(fixed).toMatchObject({ code: 0, errors: '' });
  expect(fixed.out).toContain(`A repaired copy is in ${spoilt}-fixed:`);
  expect((await migrate(spoilt, '--fix')).code).toBe(0); // the same copy again
  await write(join(spoilt, 'train/images/gone.jpg'), await jpeg());
  await appendFile(join(spoilt, 'datasets/train.manifest'), '{"no": "source"}\n');
  expect(await migrate(spoilt, '--fix')).toMatchObject({
    code: 1,
    errors: `${spoilt}-fixed holds something else. Remove it, or name another place with --fixed.\n`,
  });
}, 300_000);

describe('taking an export in', () => {
  test('uploads, makes project and dataset, and does so once', async () => {
    const first = await migrate(folder, ...sent());
    expect(first).toMatchObject({ code: 0, errors: '' });
    expect(first.out).toContain(
      'Pictures and masks: 30 of 30, 30 of them new\nProject parts is made.\nDataset train is made: 30 pictures, 20 normal, 10 anomalous.\n',
    );
    const manifest = await readFile(
      join(host.dataDir, 's3/crowsnest-migrated/parts/datasets/train.manifest'),
      'utf8',
    );
    expect((JSON.parse(manifest.split('\n')[0] ?? '') as Record<string, unknown>)['source-ref']).toBe(
      's3://crowsnest-migrated/parts/train/images/line 4/normal-0.jpg',
    );
    const second = await migrate(folder, ...sent());
    expect(second.out).toContain(
      '30 of 30, 0 of them new\nProject parts is there already.\nDataset train is there already, with 30 pictures.\n',
    );
  }, 300_000);

  test('does not put a dataset in the place of another unless told', async () => {
    const larger = join(host.folder, 'larger');
    await soundFolder(larger);
    await write(join(larger, 'train/images/more.jpg'), await jpeg());
    await appendFile(
      join(larger, 'datasets/train.manifest'),
      `${JSON.stringify(line('train', 'more.jpg', 'normal'))}\n`,
    );
    await migrate(folder, ...sent('--project', 'both'));
    expect(await migrate(larger, ...sent('--project', 'both'))).toMatchObject({
      code: 1,
      errors:
        'Project both has a train dataset of 30 pictures already; the export has 31. Name another project with --project, or put this one in its place with --replace.\n',
    });
    expect((await migrate(larger, ...sent('--project', 'both', '--replace'))).out).toContain(
      'Dataset train is made: 31 pictures, 21 normal, 10 anomalous.',
    );
  }, 300_000);

  test('with --train it trains a model from them, shows how far that is, and does so once', async () => {
    const small = join(host.folder, 'plates');
    const lines: string[] = [];
    for (const picture of plates(20, 10, 0, 5, { side: 64 })) {
      const { id, label } = picture;
      await write(join(small, 'train/images', id), await picture.load());
      lines.push(`${JSON.stringify(line('train', id, label))}\n`);
    }
    await write(join(small, 'datasets/train.manifest'), lines.join(''));
    const first = await migrate(small, ...sent('--train'));
    expect(first).toMatchObject({ code: 0, errors: '' });
    expect(first.out).toMatch(
      /Training version 1\.\n(The model is being trained\.[^\n]*\n)+Version 1 is TRAINED, F1 (0\.[89]\d\d|1\.000)\.\n$/,
    );
    expect(await readdir(join(host.dataDir, 's3/crowsnest-migrated/plates/models'))).toEqual([
      'EvaluationManifest-plates-1.json',
      'EvaluationResult-plates-1.json',
    ]);
    const second = await migrate(small, ...sent('--train'));
    expect(second.out).toMatch(/Version 1 was made from these datasets already\.\nVersion 1 is TRAINED, F1 /);
  }, 600_000);
});
