import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ConsoleFile, ConsoleFiles } from '../../lambdas/local/console-host.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What the bundle depends on: what it is made of, which packages, and how. */
const sources = ['console', 'lambdas/contract', 'package-lock.json', 'cli/console/build.ts'];

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  woff2: 'font/woff2',
  svg: 'image/svg+xml',
};

/**
 * The files of the web console, bundled anew if anything has changed since they were bundled the last time.
 * @param cache a folder for bundles, which may be emptied at any time
 * @throws Error if esbuild is not installed, or what is bundled has errors
 */
export async function consoleFiles(cache = join(root, '.cache/console')): Promise<ConsoleFiles> {
  const folder = join(cache, await fingerprint());
  const isThere = await stat(folder).then(
    () => true,
    () => false,
  );
  if (!isThere) await build(cache, folder);
  const files = new Map<string, ConsoleFile>();
  for (const name of await readdir(folder)) {
    const type = types[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream';
    files.set(name, { type, bytes: await readFile(join(folder, name)) });
  }
  return files;
}

async function fingerprint(): Promise<string> {
  const hash = createHash('sha256');
  for (const source of sources) {
    const path = join(root, source);
    const files = (await stat(path)).isDirectory()
      ? (await readdir(path, { recursive: true, withFileTypes: true }))
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name))
          .sort()
      : [path];
    for (const file of files) hash.update(`${file.slice(root.length)}\0`).update(await readFile(file));
  }
  return hash.digest('hex').slice(0, 16);
}

/** Appears under its name when it is whole: two hosts may make it at once, and one may be killed. */
async function build(cache: string, folder: string): Promise<void> {
  const { build: bundle } = await import('esbuild');
  await mkdir(cache, { recursive: true });
  const made = await mkdtemp(join(cache, 'making-'));
  try {
    const { metafile } = await bundle({
      entryPoints: { main: join(root, 'console/main.tsx') },
      outdir: made,
      entryNames: '[name]-[hash]',
      assetNames: '[name]-[hash]',
      bundle: true,
      minify: true,
      metafile: true,
      format: 'esm',
      target: 'es2022',
      platform: 'browser',
      jsx: 'automatic',
      define: { 'process.env.NODE_ENV': '"production"' },
      loader: { '.woff2': 'file', '.svg': 'file' },
      legalComments: 'none',
      logLevel: 'silent',
    });
    const names = Object.keys(metafile.outputs).map((path) => path.slice(path.lastIndexOf('/') + 1));
    const nameOf = (ending: string): string => {
      const name = names.find((each) => each.startsWith('main-') && each.endsWith(ending));
      if (name === undefined) throw new Error(`The bundle of the console has no ${ending} file.`);
      return `/console/${name}`;
    };
    const page = await readFile(join(root, 'console/index.html'), 'utf8');
    await writeFile(
      join(made, 'index.html'),
      page.replace('%STYLE%', nameOf('.css')).replace('%SCRIPT%', nameOf('.js')),
    );
    await forget(cache, made);
    await rename(made, folder).catch((error: unknown) => {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EEXIST' && code !== 'ENOTEMPTY') throw error; // else another host has made it meanwhile
    });
  } finally {
    await rm(made, { recursive: true, force: true });
  }
}

/** Milliseconds that a bundle may take at most; what is older was left by a process that died. */
const longest = 600_000;

/** Removes bundles of before. Hosts that serve one have read it. */
async function forget(cache: string, made: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const path = join(cache, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
    if (path !== made && Date.now() - mtimeMs > longest) await rm(path, { recursive: true, force: true });
  }
}
