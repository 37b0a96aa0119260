import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startKeyedHost, type KeyedHost } from '../helpers/keyed-host.ts';
import { where } from '../helpers/where.ts';
import { run } from '../helpers/run.ts';

const script = fileURLToPath(new URL('../../examples/curl-sigv4.sh', import.meta.url));
let host: KeyedHost;
beforeAll(async () => {
  host = await startKeyedHost();
});
afterAll(() => host.close());

function signs(): boolean {
  try {
    return execFileSync('curl', ['--help', 'all'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).includes('--aws-sigv4');
  } catch {
    return false;
  }
}

where(signs(), 'curl 7.75 or later from Debian').describe('curl', () => {
  test.each(['lookoutvision', 'execute-api'])(
    'signs for %s, and its secret is in no command line',
    async (name) => {
      const { code, out } = await run('sh', [script], {
        ...host.variables,
        ENDPOINT: host.url,
        SIGNING_NAME: name,
      });
      expect(code).toBe(0);
      expect(out.match(/\((\d{3})\)/g)).toEqual(['(200)', '(200)', '(409)', '(200)', '(404)', '(200)']);
      expect(out).toContain('x-amzn-ErrorType: ConflictException');
    },
  );
});
