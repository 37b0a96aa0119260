import { existsSync, readdirSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { CommandFailed } from '../failed.ts';
import { datasetTypes, type DatasetType } from './finding.ts';

/**
 * A project's datasets as AWS's `export_datasets.py` laid them out below its destination, copied here with
 * `aws s3 sync`: manifests in `datasets/{train,test}.manifest`, pictures in `{train,test}/images/<key>`,
 * masks in `{train,test}/masks/<key>`.
 */
export interface Export {
  readonly folder: string;
  readonly manifests: readonly { readonly dataset: DatasetType; readonly lines: readonly string[] }[];
}

export const manifestOf = (folder: string, dataset: DatasetType): string =>
  join(folder, 'datasets', `${dataset}.manifest`);

/** @throws CommandFailed if the folder is not laid out so, with the folders below it that are */
export async function readExport(folder: string): Promise<Export> {
  const manifests = [];
  for (const dataset of datasetTypes) {
    const path = manifestOf(folder, dataset);
    if (existsSync(path)) manifests.push({ dataset, lines: linesOf(await readFile(path, 'utf8')) });
  }
  if (manifests.length > 0) return { folder, manifests };
  if (!existsSync(folder)) throw new CommandFailed(`There is no folder ${folder}.`);
  const projects = readdirSync(folder).filter((name) =>
    datasetTypes.some((dataset) => existsSync(manifestOf(join(folder, name), dataset))),
  );
  throw new CommandFailed(
    `${folder} has no datasets/train.manifest. ${
      projects.length > 0
        ? `It looks like several exports: migrate ${projects.map((name) => join(folder, name)).join(', ')} ` +
          'one by one.'
        : 'Copy the destination of the export here as it is: aws s3 sync s3://<destination> <folder>.'
    }`,
  );
}

/** The last line may end or not; a byte order mark is no part of the first. */
function linesOf(text: string): string[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  while (lines.at(-1)?.trim() === '') lines.pop();
  return lines;
}

export interface Located {
  /** Below `{type}/images` or `{type}/masks`, with slashes. */
  readonly key: string;
  readonly path: string;
}

/**
 * The file that an `s3://` location of a manifest stands for. The export rewrote locations to its
 * destination, whose own prefix is unknown here; manifests that were saved before it hold the original ones.
 * Either is found by its end.
 * @returns undefined if there is no such file in the folder
 */
export function locate(
  folder: string,
  dataset: DatasetType,
  kind: 'images' | 'masks',
  location: string,
): Located | undefined {
  const mark = `/${dataset}/${kind}/`;
  const original = location.replace(/^s3:\/\/[^/]*\//, '');
  const keys = [original];
  for (let at = location.indexOf(mark); at >= 0; at = location.indexOf(mark, at + 1))
    keys.push(location.slice(at + mark.length));
  const root = join(folder, dataset, kind);
  for (const key of keys) {
    const path = join(root, ...key.split('/'));
    if (
      key !== '' &&
      path.startsWith(root + sep) &&
      statSync(path, { throwIfNoEntry: false })?.isFile() === true
    )
      return { key, path };
  }
  return undefined;
}
