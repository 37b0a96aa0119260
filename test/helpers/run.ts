import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly errors: string;
}

/** Runs a program to its end, with these variables and no others. */
export const run = (
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd?: string,
): Promise<Ran> =>
  new Promise((resolve) => {
    const child = execFile(
      file,
      args,
      { env: { ...env }, maxBuffer: 64 * 1024 * 1024, timeout: 400_000, ...(cwd !== undefined && { cwd }) },
      (_error, out, errors) => {
        resolve({ code: child.exitCode ?? -1, out, errors });
      },
    );
  });

const launcher = fileURLToPath(new URL('../../bin/crowsnest.js', import.meta.url));

/** `npx crowsnest`, on the Node that runs the tests. */
export const crowsnest = (
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd?: string,
): Promise<Ran> =>
  run(process.execPath, ['--disable-warning=ExperimentalWarning', launcher, ...args], env, cwd);
