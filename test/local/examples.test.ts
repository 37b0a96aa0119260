import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { HostProcess, sampleFolder } from '../helpers/host-process.ts';
import { where } from '../helpers/where.ts';

const run = promisify(execFile);
const example = (name: string): string => new URL(`../../examples/${name}`, import.meta.url).pathname;
const key = { accessKeyId: 'AKADMIN', secretAccessKey: 's3cr3t/+x' };
const line = {
  accessKeyId: 'AKLINE',
  secretAccessKey: 'other',
  name: 'line-4',
  actions: ['Describe*'],
  projects: ['cli'],
};

let samples: Awaited<ReturnType<typeof sampleFolder>>;
let host: HostProcess;

beforeAll(async () => {
  samples = await sampleFolder();
  host = await HostProcess.start(samples.folder, { CROWSNEST_KEYS: JSON.stringify([key, line]) });
});
afterAll(async () => {
  await host.destroy();
  samples.remove();
});

/** What a user would have set, and nothing of what this machine has. */
const variables = ({ accessKeyId, secretAccessKey } = key): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '',
  HOME: samples.folder,
  LANG: 'C.UTF-8',
  ENDPOINT: host.url,
  DATA_DIR: samples.folder,
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_ACCESS_KEY_ID: accessKeyId,
  AWS_SECRET_ACCESS_KEY: secretAccessKey,
  AWS_DEFAULT_REGION: 'us-east-1',
  AWS_PAGER: '',
});

const walk = [
  'TRAINED - The model was imported successfully.',
  'STARTING_HOSTING',
  'HOSTED - The model is running.',
  'STOPPING_HOSTING',
  'TRAINED - The model is not running. Call StartModel to start it.',
];
const verdicts = [
  expect.stringMatching(/^01\.jpg normal 0\.\d+$/),
  expect.stringMatching(/^01-scratch\.jpg anomalous 0\.\d+$/),
];

test('the walk with the original client for JavaScript', async () => {
  const { stdout } = await run(process.execPath, [example('js-walk.mjs')], { env: variables() });
  expect(stdout.split('\n')).toEqual(expect.arrayContaining([...walk, ...verdicts]));
}, 300_000);

/** Debian's: of those that pip brings, only old ones know the service. */
const python = '/usr/bin/python3';
const knows = (): boolean => {
  try {
    execFileSync(python, ['-c', 'import boto3; boto3.client("lookoutvision", region_name="us-east-1")'], {
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  }
};

where(existsSync(python) && knows(), 'python3-boto3 from Debian').test(
  'the walk with boto3',
  async () => {
    const { stdout } = await run(python, [example('boto3-walk.py')], { env: variables() });
    expect(stdout.split('\n')).toEqual(expect.arrayContaining([...walk, ...verdicts]));
  },
  300_000,
);

const aws = '/usr/bin/aws';

where(existsSync(aws), 'awscli from Debian').test(
  'the AWS CLI: signed calls, an ARN in the path, letters of any script, and a refusal in its words',
  async () => {
    const cli = async (args: string[], as = key): Promise<unknown> => {
      const { stdout } = await run(aws, ['lookoutvision', '--endpoint-url', host.url, ...args], {
        env: variables(as),
      });
      return stdout === '' ? undefined : (JSON.parse(stdout) as unknown);
    };
    expect(await cli(['create-project', '--project-name', 'cli', '--client-token', 'a-token'])).toMatchObject(
      { ProjectMetadata: { ProjectName: 'cli' } },
    );
    const arn = 'arn:aws:lookoutvision:us-east-1:000000000000:model/cli/1';
    await expect(
      cli(['untag-resource', '--resource-arn', arn, '--tag-keys', 'größe', 'a b+c']),
    ).rejects.toThrow(/ResourceNotFoundException/);
    await expect(
      cli(
        ['start-model', '--project-name', 'cli', '--model-version', '1', '--min-inference-units', '1'],
        line,
      ),
    ).rejects.toThrow(
      `(AccessDeniedException) when calling the StartModel operation: User: arn:aws:iam::000000000000:user/line-4 is not authorized to perform: ` +
        `lookoutvision:StartModel on resource: ${arn}`,
    );
  },
  300_000,
);
