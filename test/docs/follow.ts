/**
 * npm run test:docs: follows README and the pages word by word. It clones the project as it is committed,
 * types what each page says, in one shell a page, and holds the answers against what the page promises. What
 * a page does not let run is told with its reason. Ends with 1 if anything was not as the page says.
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { usage } from '../../cli/usage.ts';
import { soundFolder } from '../helpers/export-folder.ts';
import { blocksOf, type Command } from './commands.ts';

usage(
  'npm run test:docs: follows README and the pages word by word, on a clean clone of what is committed here.',
);
const root = fileURLToPath(new URL('../..', import.meta.url));

/** In the order in which a new user reads them. The first one installs what the others use. */
const pages = ['README.md', 'docs/migrating.md', 'docs/clients.md', 'docs/deploying.md', 'docs/running.md'];

/** How long a status may take that a page promises, in seconds. */
const longest = 600;

let passed = 0;
let failed = 0;

const has = (program: string): boolean => spawnSync('which', [program]).status === 0;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** One page's shell. `npm start` goes on beside it, as it would in a terminal of its own. */
class Reader {
  readonly #folder: string;
  readonly #port: number;
  readonly #hosts: ChildProcess[] = [];
  #state = '';

  constructor(folder: string, port: number) {
    this.#folder = folder;
    this.#port = port;
  }

  /** Pages name port 8080, which may be taken on this machine. */
  async type({ text, until, tells }: Command): Promise<string | undefined> {
    const mine = text.replaceAll(':8080', `:${this.#port}`);
    const [before, host] = /^(.*?)(?:&& )?(npm start)$/s.exec(mine)?.slice(1) ?? [mine];
    const said = before === '' ? { code: 0, out: '' } : this.#run(before ?? '');
    if (said.code !== 0) return `ended with ${said.code}: ${said.out.slice(-600)}`;
    if (host !== undefined) await this.#start();
    if (tells !== undefined && !said.out.includes(tells))
      return `did not tell ${tells}: ${said.out.slice(-600)}`;
    if (until === undefined) return undefined;
    for (let answer = said.out, seconds = 0; !answer.includes(`"${until}"`); seconds += 1) {
      if (seconds > longest || /_FAILED"/.test(answer)) return `never told ${until}: ${answer.slice(-600)}`;
      await sleep(1000);
      answer = this.#run(mine).out;
    }
    return undefined;
  }

  /** Variables and functions are carried from one command to the next, as in a terminal. */
  #run(text: string): { readonly code: number; readonly out: string } {
    const state = join(this.#folder, '.shell-state');
    const script = `${this.#state}\n${text}\ncode=$?\n{ declare -p -x; declare -f; } > '${state}'\nexit $code`;
    const { status, stdout, stderr } = spawnSync('bash', ['-c', script], {
      cwd: this.#folder,
      encoding: 'utf8',
      env: {
        ...process.env,
        PATH: `${join(this.#folder, '.debian')}${delimiter}${process.env['PATH'] ?? ''}`,
        PORT: String(this.#port),
        HOME: this.#folder,
        npm_config_loglevel: 'error',
      },
      maxBuffer: 2 ** 26,
    });
    if (status === 0) this.#state = readFileSync(state, 'utf8').replace(/^declare -\S*[rU]\S* .*$/gm, '');
    rmSync(state, { force: true });
    return { code: status ?? 1, out: `${stdout}${stderr}` };
  }

  async #start(): Promise<void> {
    const host = spawn('npm', ['start'], {
      cwd: this.#folder,
      env: { ...process.env, PORT: String(this.#port) },
      stdio: 'ignore',
      detached: true,
    });
    this.#hosts.push(host);
    for (let waited = 0; waited < 120; waited += 1) {
      const { ok } = await fetch(`http://127.0.0.1:${this.#port}/health`).catch(() => ({ ok: false }));
      if (ok) return;
      await sleep(1000);
    }
    throw new Error('npm start did not bring a host up');
  }

  async close(): Promise<void> {
    for (const { pid } of this.#hosts) {
      if (pid === undefined) continue;
      process.kill(-pid, 'SIGTERM');
      for (let waited = 0; waited < 100; waited += 1) {
        const { ok } = await fetch(`http://127.0.0.1:${this.#port}/health`).catch(() => ({ ok: false }));
        if (!ok) break;
        await sleep(100);
      }
    }
  }
}

async function follow(page: string, folder: string): Promise<void> {
  console.log(`== ${page}`);
  const reader = new Reader(folder, await freePort());
  try {
    for (const { line, commands, skip, needs } of blocksOf(readFileSync(join(folder, page), 'utf8'))) {
      const reason = skip ?? (needs !== undefined && !has(needs) ? `${needs} is not installed` : undefined);
      if (reason !== undefined) {
        console.log(`   skipped ${page}:${line}, ${reason}`);
        continue;
      }
      for (const command of commands) {
        const wrong = await reader.type(command);
        console.log(`   ${wrong === undefined ? 'ok    ' : 'FAILED'} ${command.text.split('\n')[0]}`);
        if (wrong === undefined) passed += 1;
        else {
          failed += 1;
          console.log(`          ${page}:${line} ${wrong.replaceAll('\n', '\n          ')}`);
        }
      }
    }
  } finally {
    await reader.close();
  }
}

const folder = mkdtempSync(join(tmpdir(), 'crowsnest-docs-'));
try {
  execFileSync('git', ['clone', '--quiet', '--no-hardlinks', root, folder]);
  await soundFolder(join(folder, 'parts'));
  writeFileSync(join(folder, '.git/info/exclude'), 'parts*\n.debian\n');
  // README names Debian's client; another one of that name may come before it on PATH, and lack the service.
  mkdirSync(join(folder, '.debian'));
  if (existsSync('/usr/bin/aws')) symlinkSync('/usr/bin/aws', join(folder, '.debian/aws'));
  for (const page of pages) await follow(page, folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
