import { readFile } from 'node:fs/promises';
import type { Destination } from '../deployment/destination.ts';
import type { Entry } from './doctor.ts';
import { datasetTypes, type DatasetType, type Line } from './finding.ts';
import { locate } from './layout.ts';
import { masksOf } from './line.ts';
import { locationUrl } from '../../lambdas/domain/locations.ts';

export interface Uploaded {
  readonly dataset: DatasetType;
  /** The manifest's key. */
  readonly key: string;
  readonly text: string;
  readonly lines: number;
}

export interface Progress {
  readonly done: number;
  readonly of: number;
  readonly sent: number;
}

/** How many files are on their way at once. */
const lanes = 8;

/**
 * Sends pictures and masks, and then, when all that they name is there, the manifests. `prefix` ends with a
 * slash or is empty.
 */
export async function upload(
  entries: readonly Entry[],
  folder: string,
  destination: Destination,
  prefix: string,
  tell: (progress: Progress) => void,
): Promise<Uploaded[]> {
  const lines = new Map<DatasetType, Line[]>();
  const files = new Map<string, { readonly path: string; readonly type: string }>();
  const locationOf = (
    dataset: DatasetType,
    kind: 'images' | 'masks',
    { key, path }: { key: string; path: string },
    type: string,
  ): string => {
    const target = `${prefix}${dataset}/${kind}/${key}`;
    files.set(target, { path, type });
    return locationUrl({ bucket: destination.bucket, key: target });
  };
  for (const { dataset, line, image, picture } of entries) {
    let moved: Line = {
      ...line,
      'source-ref': locationOf(dataset, 'images', image, `image/${picture.format}`),
    };
    for (const { name, ref } of masksOf(line)) {
      const mask = locate(folder, dataset, 'masks', ref);
      if (mask !== undefined) moved = { ...moved, [name]: locationOf(dataset, 'masks', mask, 'image/png') };
    }
    lines.set(dataset, [...(lines.get(dataset) ?? []), moved]);
  }
  await sendAll(files, destination, tell);
  const uploaded: Uploaded[] = [];
  for (const dataset of datasetTypes) {
    const moved = lines.get(dataset);
    if (moved === undefined) continue;
    const text = moved.map((line) => `${JSON.stringify(line)}\n`).join('');
    const key = `${prefix}datasets/${dataset}.manifest`;
    await destination.put(key, Buffer.from(text), 'application/jsonlines');
    uploaded.push({ dataset, key, text, lines: moved.length });
  }
  return uploaded;
}

/** @param files by their keys */
export async function sendAll(
  files: ReadonlyMap<string, { readonly path: string; readonly type: string }>,
  destination: Destination,
  tell: (progress: Progress) => void,
): Promise<void> {
  const queue = [...files].values();
  let done = 0;
  let sent = 0;
  const lane = async (): Promise<void> => {
    for (const [key, { path, type }] of queue) {
      if (await destination.put(key, await readFile(path), type)) sent += 1;
      done += 1;
      tell({ done, of: files.size, sent });
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
