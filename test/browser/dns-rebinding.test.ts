import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { CreateProjectCommand, ListProjectsCommand } from '@aws-sdk/client-lookoutvision';
import { HostProcess } from '../helpers/host-process.ts';
import { where } from '../helpers/where.ts';
import { hasChromium, openBrowser, type Browser } from './chromium.ts';

// A page of somebody else, in a real browser on the machine of the host: by a name that its name server turns to
// 127.0.0.1 once the page is there, and by every request that a page may send to another origin.

const evil = 'evil.example';

/** What a page may ask of `fetch`. */
interface Init {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly mode?: 'no-cors';
}

/** A process and those that it started. */
function family(pid: number): number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const [, parent = ''] = /\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'utf8')) ?? [];
        return [{ pid: Number(name), parent: Number(parent) }];
      } catch {
        return []; // it has ended meanwhile
      }
    });
  const children = parents.filter(({ parent }) => parent === pid).flatMap((child) => family(child.pid));
  return [pid, ...children];
}

/** The TCP ports on which a process, or one that it started, listens. */
function listening(pid: number): number[] {
  const sockets = family(pid).flatMap((each) =>
    readdirSync(`/proc/${each}/fd`).map((fd) => {
      try {
        return readlinkSync(`/proc/${each}/fd/${fd}`);
      } catch {
        return '';
      }
    }),
  );
  const rows = ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/net/${table}`, 'utf8').trim().split('\n').slice(1),
  );
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode = '']) => state === '0A' && sockets.includes(`socket:[${inode}]`))
    .map(([, address = '']) => parseInt(address.split(':')[1] ?? '', 16));
}

where(hasChromium, 'chromium from Debian').describe('a hostile page', () => {
  let host: HostProcess;
  let folder: string;
  let browser: Browser;
  let pages: Server;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'crowsnest-browser-'));
    host = await HostProcess.start(folder);
    await host.client.send(new CreateProjectCommand({ ProjectName: 'secret-parts' }));
    pages = createServer((_req, res) =>
      res.writeHead(200, { 'content-type': 'text/html' }).end('<p>hello'),
    ).listen(0, '127.0.0.1');
    await once(pages, 'listening');
    browser = await openBrowser([evil]);
  });
  afterAll(async () => {
    await browser.close();
    pages.close();
    host.child.kill('SIGTERM');
    await host.ended;
    rmSync(folder, { recursive: true, force: true });
  });

  const projects = async (): Promise<unknown> =>
    (await host.client.send(new ListProjectsCommand({}))).Projects?.map(({ ProjectName }) => ProjectName);

  /** What the page reads of an address, or why it reads nothing. */
  async function read(from: string, to: string, init: Init = {}): Promise<string> {
    const page = await browser.context.newPage();
    await page.goto(from);
    const seen = await page.evaluate(
      async ([url, options]) => {
        try {
          const response = await fetch(url, options);
          return `${response.status} ${await response.text()}`;
        } catch (error) {
          return String(error);
        }
      },
      [to, init] as const,
    );
    await page.close();
    return seen;
  }

  const own = (): string => `http://${evil}:${(pages.address() as AddressInfo).port}/`;
  const rebound = (): string => `http://${evil}:${new URL(host.url).port}`;

  test('whose name is turned to this machine is refused by name, for reads and for writes', async () => {
    // The page's own origin is now the host: the browser sends everything, and lets it read everything.
    const seen = await read(`${rebound()}/health`, `${rebound()}/2020-11-20/projects`);
    expect(seen).toMatch(/^403 .*AccessDeniedException/);
    expect(seen).not.toContain('secret-parts');
    const made = await read(`${rebound()}/health`, `${rebound()}/2020-11-20/projects`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"ProjectName":"from-a-page"}',
    });
    expect(made).toMatch(/^403 .*AccessDeniedException/);
    expect(await projects()).toEqual(['secret-parts']);
  });

  test('of another origin learns nothing, with and without a preflight', async () => {
    const target = `${host.url}/2020-11-20/projects`;
    for (const init of [
      {},
      { headers: { 'x-amz-date': '20261127T000000Z' } },
      { method: 'DELETE' },
    ] as Init[])
      expect(await read(own(), target, init)).toMatch(/^TypeError/);
    expect(await projects()).toEqual(['secret-parts']);
  });

  test('that sends without wanting to read changes nothing: no-cors, a form, a picture', async () => {
    const target = `${host.url}/2020-11-20/projects`;
    await read(own(), target, { method: 'POST', mode: 'no-cors', body: '{"ProjectName":"by-no-cors"}' });
    const page = await browser.context.newPage();
    await page.goto(own());
    await page.setContent(
      `<form method="post" enctype="text/plain" action="${target}"><input name='{"ProjectName":"by-a-form","x":"' value='"}'></form><img src="${target}">`,
    );
    await Promise.all([
      page.waitForURL(target).catch(() => undefined),
      page.evaluate('document.forms[0].submit()'),
    ]);
    expect(await page.content()).not.toContain('secret-parts');
    await page.close();
    expect(await projects()).toEqual(['secret-parts']);
  });

  test('finds no other door of the host: nothing else of it listens', () => {
    const doors = listening(host.child.pid ?? 0);
    expect(doors).toEqual([Number(new URL(host.url).port)]);
  });
});
