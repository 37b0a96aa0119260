import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { run, type Command } from './processes.ts';
import { cache, Missing, pythonWith, root } from './python.ts';

/** AWS's runtime interface client for Node, as published; its scripts, which would compile, are not run. */
const client = {
  version: '4.0.2',
  integrity:
    'sha512-FE5Vskx7mYNnqAnWWJXUOsLp2VGgdsJsCoRLFTa8L4Yk0QVtArqR8q58yPA++QC1a73ZWJXBQ2AH31nIAv7NOQ==',
};

/** What the run needs and the project does not bring. */
export interface Installed {
  readonly python: string;
  /** The folder of the runtime interface client. */
  readonly client: string;
  /** What Lambda's Node brings along: the AWS SDK. */
  readonly packages: string;
}

/**
 * Installs into the cache what is not there yet.
 * @throws Missing
 */
export async function install(command: Command): Promise<Installed> {
  return {
    python: await pythonWith('emulator', join(import.meta.dirname, 'requirements.txt'), command),
    client: await runtimeClient(command),
    packages: await sdk(),
  };
}

/** @returns the folder of AWS's runtime interface client. @throws Missing */
export async function runtimeClient(command: Command): Promise<string> {
  const folder = join(cache, `aws-lambda-ric-${client.version}`);
  if (existsSync(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const work = join(cache, `download-${process.pid}`);
  await rm(work, { recursive: true, force: true });
  await mkdir(work);
  try {
    const pack = ['pack', '--silent', `aws-lambda-ric@${client.version}`];
    await run('npm', pack, { ...command, cwd: work }).catch((error: unknown) => {
      throw new Missing(`AWS's runtime interface client cannot be had from npm: ${String(error)}`);
    });
    const [packed = ''] = (await readdir(work)).filter((name) => name.endsWith('.tgz'));
    const digest = createHash('sha512').update(await readFile(join(work, packed)));
    if (`sha512-${digest.digest('base64')}` !== client.integrity)
      throw new Error(`${packed} is not the package that is expected here.`);
    await run('tar', ['xzf', packed], { ...command, cwd: work });
    await rename(join(work, 'package'), folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return folder;
}

/** A folder with the SDK alone: with all of the project's packages, a bundle that lacks one would work here. */
async function sdk(): Promise<string> {
  const folder = join(cache, 'packages/node_modules');
  await mkdir(folder, { recursive: true });
  const link = join(folder, '@aws-sdk');
  await rm(link, { force: true });
  await symlink(join(root, 'node_modules/@aws-sdk'), link);
  return folder;
}
