import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
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

/** What is noted of a child: itself, the host that started it, and the folder that both work on. */
interface Note extends Identity {
  readonly host: Identity & { readonly pid: number };
  readonly folder: string;
  readonly boot: string;
}

export function childRegister(folder: string): ChildRegister {
  mkdirSync(folder, { recursive: true });
  const self = identityOf(process.pid);
  return {
    register: (pid) => {
      const identity = identityOf(pid);
      if (identity === undefined || self === undefined) return;
      const note: Note = {
        ...identity,
        host: { ...self, pid: process.pid },
        folder: placeOf(folder),
        boot: bootId(),
      };
      const draft = join(folder, `${pid}.draft`);
      writeFileSync(draft, JSON.stringify(note));
      renameSync(draft, join(folder, `${pid}.json`)); // whole or not at all: a torn note identifies nobody
    },
    unregister: (pid) => rmSync(join(folder, `${pid}.json`), { force: true }),
  };
}

/**
 * Ends the children of a host that died, one by one, and only those: their number, time of start and command
 * line must be the recorded ones, their host must be dead, and it must have worked on this very folder. The
 * notes in a copy of a folder are about the children of the original's host, and end nobody. Goes before the
 * table is opened, or two would write to it.
 * @returns how many were still alive
 * @throws Error if one of them cannot be ended
 */
export async function endOrphans(folder: string): Promise<number> {
  mkdirSync(folder, { recursive: true });
  let ended = 0;
  for (const name of readdirSync(folder)) {
    const file = join(folder, name);
    const pid = Number.parseInt(name, 10);
    if (/^\d+\.json$/.test(name) && isOrphan(pid, file, folder)) {
      await end(pid, file);
      ended += 1;
    }
    rmSync(file, { force: true });
  }
  return ended;
}

function isOrphan(pid: number, file: string, folder: string): boolean {
  const note = read(file);
  if (note === undefined || !lives(pid, note)) return false;
  if (note.folder !== placeOf(folder) || note.boot !== bootId()) return false;
  return !lives(note.host.pid, note.host);
}

/** Where the folder is; a copy of it is elsewhere. */
function placeOf(folder: string): string {
  const { dev, ino } = statSync(folder, { bigint: true });
  return `${dev}-${ino}`;
}

/** Another one after each start of the machine; empty where that is not told so simply. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
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
    `Process ${pid}, which a host that died left behind, could not be ended. End it, then start this ` +
      'host again.',
    { cause: refusal },
  );
}

function isSame(pid: number, file: string): boolean {
  const note = read(file);
  return note !== undefined && lives(pid, note);
}

/** @returns undefined for a note that says nothing, or that an earlier release wrote without a host */
function read(file: string): Note | undefined {
  try {
    const note = JSON.parse(readFileSync(file, 'utf8')) as Partial<Note>;
    return note.host === undefined ? undefined : (note as Note);
  } catch {
    return undefined;
  }
}

/** Whether the process of this number is still the one that was identified. */
function lives(pid: number, identity: Identity): boolean {
  const now = identityOf(pid);
  return now !== undefined && now.started === identity.started && now.command === identity.command;
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
