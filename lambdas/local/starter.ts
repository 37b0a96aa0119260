import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** How often it is looked whether the starter lives, in milliseconds. */
const lookEvery = 500;

interface Ancestor {
  readonly parent: number;
  readonly command: string;
}

/**
 * Tells when the npm that started this process has ended. A signal for `npm start` ends npm and its shell and
 * does not reach what they started, which would go on holding the port and the data folder. A process that a
 * shell or a service manager started itself outlives its starter, as usual: nobody is watched then.
 * @param script what npm's script runs; only then is npm the starter, and not somewhere above it
 * @returns ends the watch
 */
export async function watchStarter(
  script: string,
  gone: () => void,
  variables: Readonly<Record<string, string | undefined>> = process.env,
): Promise<() => void> {
  if (variables['npm_lifecycle_script']?.includes(script) !== true) return () => undefined;
  const parent = process.ppid;
  const watched = [parent];
  const shell = await ancestor(parent).catch(() => undefined);
  // npm runs scripts by a shell, which may have given its place to this process; the shell's command names
  // the script, npm's does not.
  if (shell?.command.includes(script) === true) watched.push(shell.parent);
  const timer = setInterval(() => {
    if (process.ppid === parent && watched.every(isAlive)) return;
    clearInterval(timer);
    gone();
  }, lookEvery);
  timer.unref();
  return () => clearInterval(timer);
}

async function ancestor(pid: number): Promise<Ancestor> {
  if (process.platform === 'linux')
    return {
      parent: Number(statOf(pid)[1]),
      command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '),
    };
  const [file, ...args] =
    process.platform === 'win32'
      ? [
          'powershell.exe',
          '-NoProfile',
          '-NonInteractive',
          '-Command',
          `$p = Get-CimInstance Win32_Process -Filter "ProcessId=${pid}"; "$($p.ParentProcessId) ` +
            '$($p.CommandLine)"',
        ]
      : ['/bin/ps', '-o', 'ppid=,command=', '-p', String(pid)];
  const { stdout } = await run(file, args);
  const [, parent = '', command = ''] = /^\s*(\d+)\s+(.*)$/s.exec(stdout) ?? [];
  return { parent: Number(parent), command };
}

/** From the state on: the name before it may hold anything. */
function statOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function isAlive(pid: number): boolean {
  try {
    if (process.platform === 'linux') return statOf(pid)[0] !== 'Z'; // ended, and nobody has asked how
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
