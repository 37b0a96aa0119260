import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where a host notes the processes that it starts, so that its successor finds those that outlived it. */
export interface ChildRegister {
  register(pid: number): void;
  unregister(pid: number): void;
}

/** What tells a process from another that was given its number later. */
interface Identity {
  readonly started: string;
  readonly command: string;
}

export function childRegister(folder: string): ChildRegister {
  mkdirSync(folder, { recursive: true });
  return {
    register: (pid) => {
      const identity = identityOf(pid);
      if (identity === undefined) return;
      const draft = join(folder, `${pid}.draft`);
      writeFileSync(draft, JSON.stringify(identity));
      renameSync(draft, join(folder, `${pid}.json`)); // whole or not at all: a torn note identifies nobody
    },
    unregister: (pid) => rmSync(join(folder, `${pid}.json`), { force: true }),
  };
}

/**
 * Ends the children of a host that died, one by one, and only those: the number, the time of start and the
 * command line must all be the recorded ones. Goes before the table is opened, or two would write to it.
 * @returns how many were still alive
 * @throws Error if one of them cannot be ended
 */
export async function endOrphans(folder: string): Promise<number> {
  mkdirSync(folder, { recursive: true });
  let ended = 0;
  for (const name of readdirSync(folder)) {
    const file = join(folder, name);
    const pid = Number.parseInt(name, 10);
    if (/^\d+\.json$/.test(name) && isSame(pid, file)) {
      await end(pid, file);
      ended += 1;
    }
    rmSync(file, { force: true });
  }
  return ended;
}

async function end(pid: number, file: string): Promise<void> {
  let refusal: unknown;
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    refusal = error; // usually it has just ended by itself
  }
  for (let wait = 0; wait < 500; wait += 1) {
    if (!isSame(pid, file)) return;
    if (refusal !== undefined) break;
    await sleep(10);
  }
  throw new Error(
    `Process ${pid}, which a host that died left behind, could not be ended. End it, then start this host again.`,
    { cause: refusal },
  );
}

function isSame(pid: number, file: string): boolean {
  const now = identityOf(pid);
  try {
    const noted = JSON.parse(readFileSync(file, 'utf8')) as Identity;
    return now !== undefined && now.started === noted.started && now.command === noted.command;
  } catch {
    return false; // a note that says nothing: whoever it was about is not identified, and not ended
  }
}

/** @returns undefined if there is no such process, or it has ended and only its number is left */
function identityOf(pid: number): Identity | undefined {
  try {
    return process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
  } catch {
    return undefined;
  }
}

function fromProc(pid: number): Identity | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // the name before it may hold anything
  return fields[0] === 'Z'
    ? undefined
    : { started: fields[19] ?? '', command: readFileSync(`/proc/${pid}/cmdline`, 'utf8') };
}

function fromPs(pid: number): Identity | undefined {
  const line = execFileSync('ps', ['-o', 'lstart=,command=', '-p', String(pid)], {
    encoding: 'utf8',
    env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C' },
  }).trim();
  return line === '' ? undefined : { started: line.slice(0, 24), command: line.slice(24).trim() };
}
