import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseEntry } from '../../lambdas/domain/manifest.ts';
import { isLabelled, split, type LabelledEntry } from '../../lambdas/domain/training.ts';
import type { LabelledPicture } from '../../lambdas/vision/pictures/training-pictures.ts';

const folder = fileURLToPath(new URL('../../../shared/data/cookies/', import.meta.url));
const manifest = `${folder}manifests/template.manifest`;
const root = 's3://cookies/';

/**
 * AWS's getting-started pictures, where somebody has put them beside the project, split as CreateModel splits
 * a single dataset.
 */
export function cookies():
  { readonly train: LabelledPicture[]; readonly test: LabelledPicture[] } | undefined {
  if (!existsSync(manifest)) return undefined;
  const lines = readFileSync(manifest, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.replace(/"((?:training|mask)-images\/[^"]+)"/g, `"${root}$1"`));
  const { train, test } = split(
    lines
      .map((line) => parseEntry(line))
      .filter((entry): entry is LabelledEntry => entry !== undefined && isLabelled(entry)),
  );
  return { train: train.map(pictureOf), test: test.map(pictureOf) };
}

function pictureOf({ sourceRef, label, mask }: LabelledEntry): LabelledPicture {
  const load = (url: string): Promise<Uint8Array> => readFile(folder + url.slice(root.length));
  return {
    id: sourceRef,
    label,
    load: () => load(sourceRef),
    ...(mask !== undefined && {
      mask: {
        load: () => load(mask.ref),
        colours: mask.classes.map(({ name, color }) => ({ className: name, hexColor: color })),
      },
    }),
  };
}
