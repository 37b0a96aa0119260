import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from '@jest/globals';
import { awsClis, pythons } from '../../clients/tools.ts';
import { startKeyedHost, type KeyedHost } from '../../helpers/keyed-host.ts';
import { crowsnest, run } from '../../helpers/run.ts';
import { where } from '../../helpers/where.ts';
import { plates } from '../../vision/pictures-made.ts';

const flow = new URL('flow.py', import.meta.url).pathname;

let host: KeyedHost;
let variables: Record<string, string>;
let pictures: string;

beforeAll(async () => {
  host = await startKeyedHost({ real: true });
  const models = join(host.folder, 'models');
  await crowsnest(['client', 'install', '--folder', models], host.variables);
  variables = { ...host.variables, AWS_DATA_PATH: models, AWS_ENDPOINT_URL: host.url };
  pictures = join(host.folder, 'pictures');
  for (const each of plates(20, 20, 0, 3, { side: 64 })) {
    const folder = join(pictures, each.label === 'anomaly' ? 'bad' : 'good');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, each.id.replaceAll('/', '-')), await each.load());
  }
}, 60_000);
afterAll(() => host.close());

/** Since when one variable names the endpoint of all services. */
const obeysEndpoint = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 1 || minor >= 31;
};

where(pythons.length > 0, 'python3-boto3 from Debian').test(
  "boto3 runs AWS's example from the first upload to the last verdict over one endpoint",
  async () => {
    for (const { path, version } of pythons) {
      const project = `flow-${version.replaceAll('.', '-')}`;
      const { out, errors } = await run(path, [flow, pictures, project], {
        ...variables,
        ...(!obeysEndpoint(version) && { ENDPOINT: host.url }),
      });
      expect([version, errors]).toEqual([version, '']);
      expect(JSON.parse(out)).toEqual({
        images: 40,
        results: true,
        anomalous: true,
        missing: '404',
        left: false,
      });
    }
  },
  600_000,
);

where(awsClis.length > 0, 'awscli from Debian').test(
  'the AWS CLI makes, copies, syncs, lists, presigns and removes',
  async () => {
    for (const { path, version } of awsClis) {
      const aws = async (...args: string[]): Promise<string> => {
        const { code, out, errors } = await run(path, ['--endpoint-url', host.url, 's3', ...args], variables);
        expect([args, errors, code]).toEqual([args, '', 0]);
        return out;
      };
      const bucket = `s3://cli-${version.replaceAll('.', '-')}`;
      await aws('mb', bucket);
      await aws('cp', '--recursive', '--quiet', pictures, `${bucket}/all/`);
      const files = readdirSync(pictures, { recursive: true, withFileTypes: true }).filter((each) =>
        each.isFile(),
      );
      const listed = async (): Promise<string[]> =>
        (await aws('ls', '--recursive', `${bucket}/`)).split('\n').filter((line) => line !== '');
      expect(await listed()).toHaveLength(files.length);
      expect(await aws('ls', `${bucket}/all/`)).toMatch(/PRE bad\/\n\s+PRE good\//);
      expect(await aws('sync', pictures, `${bucket}/all/`)).toBe('');
      const down = join(host.folder, `down-${version}`);
      await aws('sync', '--quiet', `${bucket}/all/`, down);
      const [file] = readdirSync(join(down, 'good'));
      const [one, other] = [down, pictures].map((each) => readFileSync(join(each, 'good', file ?? '')));
      expect(one?.equals(other ?? Buffer.alloc(0))).toBe(true);
      const url = (await aws('presign', `${bucket}/all/good/${file ?? ''}`)).trim();
      const answer = await fetch(url);
      expect([answer.status, Buffer.from(await answer.arrayBuffer()).equals(one ?? Buffer.alloc(0))]).toEqual(
        [200, true],
      );
      expect((await fetch(url.replace('/good/', '/bad/'))).status).toBe(403);
      await aws('mv', '--quiet', `${bucket}/all/good/${file ?? ''}`, `${bucket}/moved/${file ?? ''}`);
      expect(await aws('ls', `${bucket}/moved/`)).toContain(file);
      await aws('rb', '--force', bucket);
    }
  },
  600_000,
);
