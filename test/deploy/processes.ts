import { spawn, type ChildProcess } from 'node:child_process';

export interface Command {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}

/**
 * Runs a command to its end. @returns what it printed, both ways
 * @throws CommandFailed with the end of what it printed
 */
export async function run(
  command: string,
  args: readonly string[],
  { cwd, env, signal }: Command,
): Promise<string> {
  const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const end = (): void => endGroup(child, 'SIGKILL');
  signal.addEventListener('abort', end, { once: true });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (code === 0) return printed;
    throw new CommandFailed(
      `${command} ${args.join(' ')} ended with ${code ?? 'a signal'}:\n${printed.slice(-4000)}`,
    );
  } finally {
    signal.removeEventListener('abort', end);
  }
}

/** Ends a process that was started `detached`, and all that it started. */
export function endGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
