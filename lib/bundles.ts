import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync, type BuildOptions, type Metafile } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const entryFolder = join(root, 'lambdas/aws/entry');

/** Where the bundles are laid down, a folder for each. */
export const bundleFolder = join(root, 'dist/bundles');

const entries: readonly string[] = readdirSync(entryFolder)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -3))
  .sort();

/** `sweep.takeover` is no bundle but a file beside one: what `sweep` loads only when it needs it. */
export const bundleNames: readonly string[] = entries.filter((name) => !name.includes('.'));

/** The bundles that need native libraries, which a layer brings. */
const native: readonly string[] = ['admission', 'task-provision.unit', 'trainer', 'trainer.worker'];
const libraries = ['onnxruntime-node', 'sharp'];

/** The folder beside the bundles in which the layer with the native libraries is laid down. */
export const nativeLayer = 'native-layer';

const outOf = (entry: string): string => {
  const [bundle = '', file = 'index'] = entry.split('.');
  return join(bundle, file);
};

class BundleWarning extends Error {
  override readonly name = 'BundleWarning';
}

/**
 * Bundles every entry, in one call. CommonJS, because Node loads an ES module that asks for `http` together
 * with a fetch client that nobody uses; `module` first, because the SDK's CommonJS cannot be shaken: 343 KB
 * and 52 ms instead of 541 KB and 81 ms.
 * @throws BundleWarning if esbuild has anything to say
 */
export function buildBundles(outdir = bundleFolder): Metafile {
  const plain = bundle(
    entries.filter((name) => !native.includes(name)),
    outdir,
    {},
  );
  const withLibraries = bundle(native, outdir, {
    external: libraries,
    // Where a bundle lies is where its files are; an ES module would say it by itself.
    define: { 'import.meta.url': 'bundleUrl' },
    banner: { js: 'const bundleUrl=require("node:url").pathToFileURL(__filename).href;' },
  });
  const metafile: Metafile = {
    inputs: { ...plain.inputs, ...withLibraries.inputs },
    outputs: { ...plain.outputs, ...withLibraries.outputs },
  };
  mkdirSync(outdir, { recursive: true });
  writeFileSync(join(outdir, 'meta.json'), JSON.stringify(metafile));
  return metafile;
}

function bundle(names: readonly string[], outdir: string, more: BuildOptions): Metafile {
  const { metafile, warnings } = buildSync({
    entryPoints: names.map((name) => ({ in: join(entryFolder, `${name}.ts`), out: outOf(name) })),
    absWorkingDir: root,
    outdir,
    outExtension: { '.js': '.cjs' }, // a .js file would be taken for an ES module, and load empty
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    mainFields: ['module', 'main'],
    legalComments: 'none',
    metafile: true,
    logLevel: 'silent',
    ...more,
  });
  if (warnings.length > 0)
    throw new BundleWarning(
      warnings.map(({ text, location }) => `${location?.file ?? ''}: ${text}`).join('\n'),
    );
  return metafile as Metafile;
}

export interface BundleReport {
  readonly name: string;
  readonly bytes: number;
  /** Bytes by where they come from: a package, or a room of ours. The largest first. */
  readonly contents: readonly (readonly [source: string, bytes: number])[];
}

export function reportOf({ outputs }: Metafile): BundleReport[] {
  return Object.entries(outputs)
    .map(([path, { bytes, inputs }]) => {
      const contents = new Map<string, number>();
      for (const [file, { bytesInOutput }] of Object.entries(inputs))
        contents.set(sourceOf(file), (contents.get(sourceOf(file)) ?? 0) + bytesInOutput);
      return { name: nameOf(path), bytes, contents: [...contents].sort(([, a], [, b]) => b - a) };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** `sweep/index.cjs` is `sweep`, and `sweep/takeover.cjs` is `sweep.takeover`. */
export const nameOf = (path: string): string =>
  path
    .split('/')
    .slice(-2)
    .join('.')
    .replace(/\.cjs$/, '')
    .replace(/\.index$/, '');

/** The innermost package, or the room. */
function sourceOf(file: string): string {
  const inPackage = /^.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file);
  return inPackage?.[1] ?? file.split('/').slice(0, 2).join('/');
}
