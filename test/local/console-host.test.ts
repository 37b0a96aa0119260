import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createLog } from '../../lambdas/domain/log.ts';
import type { ConsoleFiles } from '../../lambdas/local/console-host.ts';
import { localEnvironment } from '../../lambdas/local/environment.ts';
import { startHost, type Host } from '../../lambdas/local/host.ts';

const file = (type: string, text: string) => ({ type, bytes: Buffer.from(text) });
const files: ConsoleFiles = new Map([
  ['index.html', file('text/html', '<p>the console')],
  ['main-AB12.js', file('text/javascript', 'script()')],
]);

let folder: string;
let host: Host;
let broken: Host;

const start = (dataDir: string, console: () => Promise<ConsoleFiles>, variables = {}): Promise<Host> =>
  startHost({
    environment: localEnvironment({ PORT: '0', DATA_DIR: dataDir, ...variables }),
    log: createLog(() => undefined),
    console,
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crowsnest-console-'));
  host = await start(join(folder, 'one'), () => Promise.resolve(files), { EXTENSIONS: 'off' });
  broken = await start(join(folder, 'two'), () => Promise.reject(new Error('no esbuild')));
});
afterAll(async () => {
  await host.close();
  await broken.close();
  await rm(folder, { recursive: true, force: true });
});

const get = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response> =>
  fetch(`${host.url}${path}`, { method, headers, redirect: 'manual' });

/** Of a request whose `Sec-Fetch-Mode` is what it says: `fetch` would put its own there. */
async function statusOf(path: string, headers: Record<string, string>): Promise<number | undefined> {
  const sent = request(`${host.url}${path}`, { headers }).end();
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  answer.resume();
  return answer.statusCode;
}

test('the page, its files, and what it is told', async () => {
  const page = await get('/console/');
  expect(page.status).toBe(200);
  expect(await page.text()).toBe('<p>the console');
  expect(page.headers.get('cache-control')).toBe('no-cache');
  const script = await get('/console/main-AB12.js?x=1');
  expect(await script.text()).toBe('script()');
  expect(script.headers.get('content-type')).toBe('text/javascript');
  expect(script.headers.get('cache-control')).toContain('immutable');
  expect(await (await get('/console/config.json')).json()).toEqual({
    region: 'us-east-1',
    keys: false,
    extensions: false,
    bucket: 'crowsnest-console',
    samples: 'crowsnest-samples',
  });
  expect((await get('/console/', {}, 'HEAD')).status).toBe(200);
});

test('nothing of it runs, frames, or comes from elsewhere', async () => {
  for (const path of ['/console/', '/console/main-AB12.js', '/console/config.json', '/console/none']) {
    const { headers } = await get(path);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|\*|http/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
  }
});

test('a browser that asks for the host is led there, and nobody else', async () => {
  for (const path of ['/', '/console']) {
    const led = await get(path, { accept: 'text/html,*/*' });
    expect([led.status, led.headers.get('location')]).toEqual([302, '/console/']);
  }
  expect((await get('/', { accept: 'application/json' })).status).toBe(404);
  expect((await get('/?list-type=2', { accept: 'text/html' })).status).toBe(404);
  expect((await get('/', { accept: 'text/html' }, 'POST')).status).toBe(404);
});

test.each([
  '/console/../2020-11-20/projects',
  '/console/%2e%2e/x',
  '/console/none.js',
  '/console/constructor',
])('%s is no file of it', async (path) => {
  expect((await get(path)).status).not.toBe(500);
  expect(await (await get(path)).text()).not.toContain('script()');
});

test('a console that could not be made is told, and the API is served', async () => {
  const page = await fetch(`${broken.url}/console/`);
  expect(page.status).toBe(503);
  expect(await page.text()).toMatch(/could not be made.*The API is served/);
  expect((await fetch(`${broken.url}/2020-11-20/projects`)).status).toBe(200);
});

describe('pages', () => {
  const list = '/2020-11-20/projects';

  test('of its own origin may call the API', async () => {
    const own = { origin: host.url, 'sec-fetch-site': 'same-origin' };
    expect((await get(list, own)).status).toBe(200);
    expect((await get(list, { 'sec-fetch-site': 'none' })).status).toBe(200);
  });

  test.each<[string, Record<string, string>]>([
    ['of another origin', { origin: 'http://127.0.0.1:1' }],
    ['of this machine by another name', { origin: `http://localhost:PORT` }],
    ['without an origin', { origin: 'null' }],
    ['that name the host in another part', { origin: `http://127.0.0.1:PORT@evil.example` }],
    ['of another scheme', { origin: 'file://127.0.0.1:PORT' }],
    ['that show pictures of it', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
    ['of another port', { 'sec-fetch-site': 'same-site' }],
    ['that link to the API', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }],
  ])('%s may not', async (_, headers) => {
    const { port } = new URL(host.url);
    const sent = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, value.replace('PORT', port)]),
    );
    const response = await get(list, sent);
    expect(response.status).toBe(403);
    expect(await response.text()).toContain('web pages are refused');
  });

  test('may link to the console, and not take it into a frame of theirs', async () => {
    const navigates = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    expect(await statusOf('/console/', navigates)).toBe(200);
    expect(await statusOf('/console/', { ...navigates, 'sec-fetch-mode': 'no-cors' })).toBe(403);
    expect(await statusOf('/2020-11-20/projects', navigates)).toBe(403);
  });
});
