import type { Dataset, PictureFolder } from '../../domain/dataset.ts';
import { locationUrl } from '../../domain/locations.ts';
import { manifestLine } from '../../domain/manifest-line.ts';
import { typeByName } from '../../domain/picture-names.ts';
import { LocationRefused, type ObjectLocation } from '../../domain/ports.ts';
import type { TaskContext } from '../context.ts';

/** The folders cannot be made a dataset of. The message is for whoever named them. */
export class UnusableFolders extends Error {
  override readonly name = 'UnusableFolders';
}

/**
 * Writes the manifest of a dataset that is made from folders: a line for each picture below them, in the
 * order of the folders and of the keys. The same folders give the same manifest, so that a repetition changes
 * nothing.
 * @param to where the manifest goes
 * @throws UnusableFolders, LocationRefused
 */
export async function writeManifest(
  { objects, settings: { limits } }: TaskContext,
  { type, folders, operation }: Pick<Dataset, 'type' | 'operation'> & { folders: readonly PictureFolder[] },
  to: ObjectLocation,
): Promise<void> {
  const date = new Date(operation.at).toISOString();
  const limit = limits.images[type];
  const lines: string[] = [];
  for (const { bucket, prefix, label } of folders) {
    const before = lines.length;
    for await (const key of objects.list(bucket, prefix)) {
      // What else lies in folders, manifests and masks' colour maps among it, has other endings.
      if (typeByName(key) === undefined) continue;
      if (lines.length === limit)
        throw new UnusableFolders(`The folders have more than the ${limit} images of a ${type} dataset.`);
      lines.push(manifestLine(locationUrl({ bucket, key }), label, date));
    }
    if (lines.length === before)
      throw new UnusableFolders(
        `The folder ${locationUrl({ bucket, key: prefix })} has no pictures: ` +
          'no key below it ends with .jpg, .jpeg or .png.',
      );
  }
  try {
    await objects.write(to, Buffer.from(lines.map((line) => `${line}\n`).join('')));
  } catch (error) {
    if (!(error instanceof LocationRefused)) throw error;
    throw new UnusableFolders(`The manifest cannot be written. ${error.message}`);
  }
}
