import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ListProjectsCommand, LookoutVisionClient } from '@aws-sdk/client-lookoutvision';
import { untried } from '../../cli/conformance/run.ts';
import { startKeyedHost, type KeyedHost } from '../helpers/keyed-host.ts';
import { crowsnest, type Ran } from '../helpers/run.ts';

let host: KeyedHost;
let broken: KeyedHost;
beforeAll(async () => {
  host = await startKeyedHost({ real: true });
  broken = await startKeyedHost();
});
afterAll(() => Promise.all([host.close(), broken.close()]));

async function projects({ url, variables }: KeyedHost): Promise<number | undefined> {
  const credentials = {
    accessKeyId: variables['AWS_ACCESS_KEY_ID'] ?? '',
    secretAccessKey: variables['AWS_SECRET_ACCESS_KEY'] ?? '',
  };
  const client = new LookoutVisionClient({ endpoint: url, region: 'us-east-1', credentials });
  const { Projects } = await client.send(new ListProjectsCommand({}));
  client.destroy();
  return Projects?.length;
}

/** A refusal may cut such a body off before the client has read it: that depends on who is faster. */
const large = 'a body of 11 MB';

const conform = ({ url, variables }: KeyedHost, ...more: string[]): Promise<Ran> =>
  crowsnest(['conformance', '--endpoint', url, '--signing-name', 'execute-api', ...more], variables);

test('every operation of the contract is tried', () => expect(untried()).toEqual([]));

test('the local host conforms, and nothing is left of it', async () => {
  const report = join(host.folder, 'junit.xml');
  const { code, out, errors } = await conform(host, '--data-dir', host.dataDir, '--junit', report);
  expect({
    code,
    errors,
    failed: out
      .split('\n')
      .filter((line) => /^(failed|skipped|otherwise)/.test(line) && !line.includes(large)),
  }).toEqual({ code: 0, errors: '', failed: [] });
  expect(out).toMatch(/^passed +StartModel +is hosted in the end .* HOSTED$/m);
  expect(out).toMatch(
    /The original API: \d+ passed, 0 failed, 0 skipped\nExtensions: 19 passed, 0 failed, 0 skipped\nProbes: [56] as hoped, [01] otherwise/,
  );
  expect(await projects(host)).toBe(0);
  const xml = await readFile(report, 'utf8');
  expect(xml).toMatch(
    /<testsuite name="extension" hostname="http:\/\/127\.0\.0\.1:\d+" tests="19" failures="0" skipped="0" errors="0"/,
  );
  expect(xml.match(/<testcase /g)?.length).toBe(
    out.split('\n').filter((line) => /^(passed|as hoped|otherwise)/.test(line)).length,
  );
}, 450_000);

test('a local host without keys conforms with nothing lent to it, and lets everybody in by right', async () => {
  const keyless = await startKeyedHost({ keyless: true });
  const { code, out } = await conform(keyless);
  await keyless.close();
  expect(code).toBe(0);
  expect(out).toMatch(
    /^as hoped +ListProjects +a request without a signature .* 200: this local host has no keys$/m,
  );
  expect(out).toMatch(/Probes: 6 as hoped, 0 otherwise/);
}, 300_000);

test('what does not conform is told, reported and cleaned up, and fails the command', async () => {
  broken.engine.admission = { admitted: false, reason: 'It is <not> a model.' };
  const report = join(broken.folder, 'junit.xml');
  const picture = join(broken.folder, 'part.jpg');
  await writeFile(picture, Buffer.from([0xff, 0xd8, 0xff]));
  const { code, out } = await conform(
    broken,
    '--model-s3',
    's3://models/part/',
    '--picture',
    picture,
    '--junit',
    report,
  );
  expect(code).toBe(1);
  expect(out).toMatch(
    /^failed +ImportModel +takes in a model .* ended in TRAINING_FAILED: .*It is <not> a model\./m,
  );
  expect(out).toMatch(/^skipped +StartModel +is hosted in the end /m);
  expect(await readFile(report, 'utf8')).toContain('It is &lt;not&gt; a model.');
  expect(await projects(broken)).toBe(0);
}, 300_000);

test('a caller who may not is told so by every case, and waits for nothing', async () => {
  const { code, out } = await crowsnest(['conformance', '--endpoint', broken.url], {
    ...broken.variables,
    AWS_SECRET_ACCESS_KEY: 'wrong',
  });
  expect(code).toBe(1);
  expect(out).toMatch(/^failed +CreateProject +makes a project .*AccessDeniedException/m);
}, 300_000);

test('nobody there, and nobody of this kind', async () => {
  const server: Server = createServer((_req, res) => {
    res.writeHead(502, { 'content-type': 'text/html' }).end('<html>');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { code, out } = await crowsnest(['conformance', '--endpoint', `http://127.0.0.1:${port}`], {
    ...broken.variables,
    AWS_MAX_ATTEMPTS: '1',
  });
  expect(code).toBe(1);
  expect(out).toMatch(
    /^otherwise +\(none\) +a path that no operation has .* 502 without a type, and a body that is no JSON$/m,
  );
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
  expect(
    await crowsnest(['conformance', '--endpoint', `http://127.0.0.1:${port}`], broken.variables),
  ).toMatchObject({
    code: 1,
    out: '',
    errors: `http://127.0.0.1:${port} cannot be reached: connect ECONNREFUSED 127.0.0.1:${port}\n`,
  });
}, 300_000);
