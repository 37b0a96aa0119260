import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleFolder, nativeLayer } from './bundles.ts';

const packages = fileURLToPath(new URL('../node_modules', import.meta.url));

/** A platform as npm's packages name it. */
type Processor = 'x64' | 'arm64';

/** What of each package a function needs: paths below `node_modules`. */
const needed = (processor: Processor): readonly string[] => [
  'onnxruntime-node/package.json',
  'onnxruntime-node/dist',
  `onnxruntime-node/bin/napi-v6/linux/${processor}`,
  'onnxruntime-common/package.json',
  'onnxruntime-common/dist/cjs',
  'sharp/package.json',
  'sharp/dist',
  'sharp/lib',
  'detect-libc/package.json',
  'detect-libc/lib',
  'semver',
  '@img/colour',
  `@img/sharp-linux-${processor}`,
  `@img/sharp-libvips-linux-${processor}`,
];

/**
 * The backbone of training; where its package is not installed, training learns its features from the
 * pictures.
 */
const backbone = ['movenet-lightning.json', 'movenet-lightning.bin'].map(
  (file) => `@vladmandic/human/models/${file}`,
);

/** Something that the layer needs is not installed. The message says what, and how to get it. */
export class LayerIncomplete extends Error {
  override readonly name = 'LayerIncomplete';
}

/**
 * Lays down the layer with the native libraries of functions: those of one platform, whatever platform this
 * is.
 * @throws LayerIncomplete
 */
export function layNativeLayer(architecture: 'x86_64' | 'arm64', outdir = bundleFolder): void {
  const processor = architecture === 'arm64' ? 'arm64' : 'x64';
  const files = needed(processor);
  const missing = files.filter((file) => !existsSync(join(packages, file)));
  if (missing.length > 0) {
    throw new LayerIncomplete(
      `The functions run on Linux (${architecture}), and these packages for it are not installed: ` +
        `${missing.join(', ')}. Run "npm ci --os=linux --cpu=${processor} --libc=glibc" in a copy of this ` +
        'folder and deploy from there.',
    );
  }
  const folder = join(outdir, nativeLayer);
  rmSync(folder, { recursive: true, force: true });
  // Lambda looks for modules in a layer's nodejs/node_modules.
  const target = join(folder, 'nodejs', 'node_modules');
  mkdirSync(target, { recursive: true });
  for (const file of [...files, ...backbone.filter((each) => existsSync(join(packages, each)))])
    cpSync(join(packages, file), join(target, file), { recursive: true, dereference: true });
}
