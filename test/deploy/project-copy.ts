import { appendFile, cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './python.ts';

/** What a deployment needs of the project. */
const parts = [
  'bin',
  'cli',
  'lib',
  'lambdas',
  'clients',
  'console',
  'package.json',
  'cdk.json',
  'tsconfig.json',
];

/**
 * The project in a folder of its own, with the packages of this one: the documented commands read
 * `crowsnest.config.json` beside `package.json`, which here may be somebody's, and an update changes code.
 */
export class ProjectCopy {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(folder: string, config: object): Promise<ProjectCopy> {
    await mkdir(folder, { recursive: true });
    for (const part of parts)
      await cp(join(root, part), join(folder, part), { recursive: true }).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      });
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    const copy = new ProjectCopy(folder);
    await copy.configure(config);
    return copy;
  }

  configure(config: object): Promise<void> {
    return writeFile(join(this.folder, 'crowsnest.config.json'), JSON.stringify(config));
  }

  /** Another release: every function that composes itself of the same base has other code. */
  async changeCode(): Promise<void> {
    const mark = "\nObject.assign(globalThis, { crowsnestRelease: 'another' });\n";
    await appendFile(join(this.folder, 'lambdas/aws/base.ts'), mark);
  }

  document(name: string): Promise<string> {
    return readFile(join(root, 'docs', name), 'utf8');
  }
}
