import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { Label } from '../../lambdas/domain/manifest.ts';
import { locationUrl } from '../../lambdas/domain/locations.ts';
import { typeByName } from '../../lambdas/domain/picture-names.ts';
import { manifestLine } from '../../lambdas/domain/manifest-line.ts';
import type { Destination } from '../deployment/destination.ts';
import { CommandFailed } from '../failed.ts';
import type { DatasetType } from '../migrate/finding.ts';
import { sendAll, type Progress, type Uploaded } from '../migrate/upload.ts';

interface Picture {
  readonly path: string;
  /** Below the folder, with slashes. */
  readonly name: string;
  readonly label: Label | undefined;
}

/**
 * The pictures of the folders that have been named, in the order of their names.
 * @throws CommandFailed if none is named, one is not there or has none, or two are in each other
 */
export async function picturesIn(
  folder: string,
  named: Readonly<Record<Label | 'unlabelled', string | undefined>>,
): Promise<Picture[]> {
  const pictures = new Map<string, Picture>();
  for (const [kind, name] of Object.entries(named)) {
    if (name === undefined) continue;
    const paths = await filesBelow(join(folder, name), kind);
    if (paths.length === 0)
      throw new CommandFailed(
        `${join(folder, name)} has no pictures: no file ends with .jpg, .jpeg or .png.`,
      );
    for (const path of paths) {
      if (pictures.has(path))
        throw new CommandFailed(`${path} is in two of the folders, and a picture has one class.`);
      pictures.set(path, {
        path,
        name: relative(folder, path).split(sep).join('/'),
        label: kind === 'normal' || kind === 'anomaly' ? kind : undefined,
      });
    }
  }
  if (pictures.size === 0)
    throw new CommandFailed('Name the folders of the pictures: --normal, --anomaly or --unlabelled.');
  const outside = [...pictures.values()].find(({ name }) => name.startsWith('../'));
  if (outside !== undefined) throw new CommandFailed(`${outside.path} is not in ${folder}.`);
  return [...pictures.values()];
}

async function filesBelow(folder: string, kind: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => {
    throw new CommandFailed(`There is no folder ${folder}, which --${kind} names.`);
  });
  return entries
    .filter((entry) => entry.isFile() && typeByName(entry.name) !== undefined)
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Sends the pictures and then, when all that it names is there, the manifest. */
export async function uploadFolders(
  {
    dataset,
    pictures,
    destination,
    prefix,
  }: {
    readonly dataset: DatasetType;
    readonly pictures: readonly Picture[];
    readonly destination: Destination;
    /** Empty, or with a slash at its end. */
    readonly prefix: string;
  },
  tell: (progress: Progress) => void,
): Promise<Uploaded> {
  const keyOf = ({ name }: Picture): string => `${prefix}${dataset}/images/${name}`;
  const files = new Map(
    pictures.map((picture) => [
      keyOf(picture),
      { path: picture.path, type: typeByName(picture.name) ?? 'image/jpeg' },
    ]),
  );
  await sendAll(files, destination, tell);
  const date = new Date().toISOString();
  const text = pictures
    .map((picture) => {
      const url = locationUrl({ bucket: destination.bucket, key: keyOf(picture) });
      return `${manifestLine(url, picture.label, date)}\n`;
    })
    .join('');
  const key = `${prefix}datasets/${dataset}.manifest`;
  await destination.put(key, Buffer.from(text), 'application/jsonlines');
  return { dataset, key, text, lines: pictures.length };
}
