import { execFileSync } from 'node:child_process';

/** The programs of this name that PATH leads to, and the system's own, each once. */
function programs(name: string): string[] {
  const paths = [`/usr/bin/${name}`, name];
  const seen = new Map<string, string>();
  for (const path of paths) {
    try {
      seen.set(
        execFileSync(
          path,
          name === 'aws'
            ? ['--version']
            : ['-c', 'import sys, boto3; print(sys.executable, boto3.__version__)'],
          {
            encoding: 'utf8',
            stdio: ['ignore', 'pipe', 'ignore'],
          },
        ).trim(),
        path,
      );
    } catch {
      // it is not there, or lacks boto3: there is nothing to test it with
    }
  }
  return [...seen].map(([, path]) => path);
}

/** Pythons that have boto3, and what their botocore is like. */
export const pythons = programs('python3').map((path) => {
  const told = execFileSync(
    path,
    [
      '-c',
      'import botocore, os; d = os.path.join(os.path.dirname(botocore.__file__), "data"); print(botocore.__version__, d, ' +
        'os.path.exists(os.path.join(d, "lookoutvision")))',
    ],
    { encoding: 'utf8' },
  );
  const [version = '', data = '', knows = ''] = told.trim().split(' ');
  return { path, version, data, knows: knows === 'True' };
});

export const awsClis = programs('aws').map((path) => ({
  path,
  version: /aws-cli\/(\S+)/.exec(execFileSync(path, ['--version'], { encoding: 'utf8' }))?.[1] ?? '',
}));
