import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { startKeyedHost, type KeyedHost } from '../helpers/keyed-host.ts';
import { crowsnest, run, type Ran } from '../helpers/run.ts';
import { awsClis, pythons } from './tools.ts';
import { where } from '../helpers/where.ts';

const walk = fileURLToPath(new URL('walk.py', import.meta.url));

let host: KeyedHost;
let picture: string;

beforeAll(async () => {
  host = await startKeyedHost();
  picture = join(host.folder, 'part.jpg');
  writeFileSync(
    picture,
    await sharp({ create: { width: 64, height: 64, channels: 3, background: '#808080' } })
      .jpeg()
      .toBuffer(),
  );
  const installed = await crowsnest(
    ['client', 'install', '--endpoint', host.url, '--signing-name', 'execute-api'],
    host.variables,
  );
  expect(installed).toMatchObject({ code: 0, errors: '' });
});
afterAll(() => host.close());

/**
 * Everything that a client finds in ~/.aws/models comes from here: neither endpoint nor signing name is told
 * to the scripts.
 */
const walked = {
  pages: [['walk-a'], ['walk-b'], ['walk-c']],
  conflict: ['PROJECT', 'walk-a'],
  waited: [
    'Waiter encountered a terminal failure state: For expression "ModelDescription.Status" we matched expected path: "TRAINED"',
    'TRAINED',
  ],
  start: 'STARTING_HOSTING',
  verdict: { Source: { Type: 'direct' }, IsAnomalous: true, Confidence: 0.9700000286102295 },
  tags: [{ Key: 'line', Value: '4' }],
  missing: 'PROJECT',
  invalid: 'ValidationException',
  scopes: ['execute-api'],
};

/** The first Python whose botocore has the service of its own. */
const knowing = (): (typeof pythons)[number] => {
  const found = pythons.find(({ knows }) => knows);
  if (found === undefined) throw new Error('no botocore here has the service');
  return found;
};

async function tidy(python: string): Promise<void> {
  const script =
    'import boto3, time\nc = boto3.client("lookoutvision")\nwhile c.list_models(ProjectName="walk-a")["Models"]: time.sleep(0.1)\nc.delete_project(ProjectName="walk-a")';
  expect((await run(python, ['-c', script], host.variables)).errors).toBe('');
}

where(pythons.length > 0, 'python3-boto3 from Debian').describe('boto3', () => {
  test.each(pythons)(
    '$version, whose botocore has the service of its own: $knows',
    async ({ path }) => {
      const { out, errors } = await run(path, [walk, picture], host.variables);
      expect(errors).toBe('');
      expect(JSON.parse(out)).toEqual(walked);
      await tidy(path);
    },
    300_000,
  );

  where(
    pythons.some(({ knows }) => knows),
    'python3-boto3 from Debian',
  ).test(
    "a botocore that has the service, with the service taken out of its data",
    async () => {
      const { path, data } = knowing();
      const without = join(host.folder, 'data-of-botocore');
      mkdirSync(without);
      for (const name of readdirSync(data).filter((each) => each !== 'lookoutvision'))
        symlinkSync(join(data, name), join(without, name));
      const variables = { ...host.variables, WITHOUT_SERVICE: without };
      const bare = await run(path, [walk, picture], { ...variables, HOME: without });
      expect(bare.errors).toContain('UnknownServiceError');
      const { out, errors } = await run(path, [walk, picture], variables);
      expect(errors).toBe('');
      expect(JSON.parse(out)).toEqual(walked);
      await tidy(path);
    },
    300_000,
  );

  test.each(pythons)('$version is told which endpoint it lacks', async ({ path }) => {
    const folder = join(host.folder, `nowhere-${Buffer.from(path).toString('hex')}`);
    await crowsnest(['client', 'install', '--folder', folder], host.variables);
    const { errors } = await run(
      path,
      ['-c', 'import boto3; boto3.client("lookoutvision").list_projects()'],
      { ...host.variables, HOME: folder, AWS_DATA_PATH: folder },
    );
    expect(errors).toContain('Crowsnest has no public endpoint. Set AWS_ENDPOINT_URL_LOOKOUTVISION');
  });
});

where(awsClis.length > 0, 'awscli from Debian').describe('the AWS CLI', () => {
  test.each(awsClis)(
    '$version',
    async ({ path, version }) => {
      const project = `cli-${version.replace(/\W/g, '-')}`;
      const aws = (...args: string[]): Promise<Ran> => run(path, ['lookoutvision', ...args], host.variables);
      const model = ['--project-name', project, '--model-version', '1'];
      expect((await aws('create-project', '--project-name', project, '--debug')).errors).toMatch(
        /AWS4-HMAC-SHA256\s*\n.*\n\d{8}\/us-east-1\/execute-api\/aws4_request/,
      );
      expect(await aws('create-project', '--project-name', project)).toMatchObject({
        code: version.startsWith('1.') ? 255 : 254,
        errors: expect.stringContaining('(ConflictException)') as unknown as string,
      });
      expect(
        await aws('import-model', '--project-name', project, '--source', 'S3={Bucket=models,Prefix=part/}'),
      ).toMatchObject({ code: 0, errors: '' });
      expect(await aws('wait', 'model-trained', ...model)).toMatchObject({ code: 0, errors: '' });
      expect(await aws('wait', 'model-hosted', ...model)).toMatchObject({
        code: 255,
        errors: expect.stringContaining('Waiter ModelHosted failed') as unknown as string,
      });
      expect(
        JSON.parse((await aws('list-models', '--project-name', project, '--max-items', '1')).out),
      ).toMatchObject({ Models: [{ ModelVersion: '1', Status: 'TRAINED' }] });
    },
    450_000,
  );
});

describe('client remove', () => {
  test('leaves what it did not write, and what was edited', async () => {
    const folder = join(host.folder, 'mine');
    mkdirSync(join(folder, 'lookoutvision'), { recursive: true });
    writeFileSync(join(folder, 'lookoutvision', 'notes.txt'), 'mine');
    await crowsnest(['client', 'install', '--folder', folder], host.variables);
    const edited = join(folder, 'lookoutvision/2020-11-20/waiters-2.json');
    writeFileSync(edited, '{"version":2,"waiters":{}}');
    expect(await crowsnest(['client', 'install', '--folder', folder], host.variables)).toMatchObject({
      code: 1,
      errors: `${edited} is there, and has been edited since. Move it away, or install elsewhere with --folder.\n`,
    });
    expect((await crowsnest(['client', 'remove', '--folder', folder], host.variables)).out).toContain(
      `leave     ${edited} (edited since)`,
    );
    expect(readdirSync(join(folder, 'lookoutvision/2020-11-20'))).toEqual(['waiters-2.json']);
    expect(readdirSync(join(folder, 'lookoutvision')).sort()).toEqual(['2020-11-20', 'notes.txt']);
  });

  test('leaves no trace where there was nothing', async () => {
    const folder = join(host.folder, 'fresh/models');
    await crowsnest(['client', 'install', '--folder', folder], host.variables);
    await crowsnest(
      ['client', 'install', '--folder', folder, '--signing-name', 'execute-api'],
      host.variables,
    );
    expect((await crowsnest(['client', 'remove', '--folder', folder], host.variables)).code).toBe(0);
    expect(existsSync(join(host.folder, 'fresh'))).toBe(false);
  });

  test('a dry run writes nothing', async () => {
    const folder = join(host.folder, 'dry');
    const { out } = await crowsnest(['client', 'install', '--folder', folder, '--dry-run'], host.variables);
    expect(out).toContain(`write     ${folder}/lookoutvision/2020-11-20/service-2.json`);
    expect(existsSync(folder)).toBe(false);
  });
});
