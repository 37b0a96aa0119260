import type { Input } from '../../contract/operations.ts';
import { violation } from '../../contract/violations.ts';
import type { Dataset, PictureFolder } from '../../domain/dataset.ts';
import type { Label } from '../../domain/manifest.ts';
import { below } from '../../domain/locations.ts';
import { noBucket, requireListed } from '../buckets.ts';
import type { Call, Operation, WriteContext } from '../context.ts';
import { beginDataset } from './create-dataset.ts';
import { keyOf } from './describe-dataset.ts';

/**
 * An extension: makes a dataset of the pictures that are in folders of S3, each folder with what its pictures
 * show. The workflow lists them, writes a manifest of them, and reads it as CreateDataset's; the caller polls
 * DescribeDataset. What is wrong with the folders, that they are empty among other things, ends in
 * CREATE_FAILED with the reason.
 */
export const ImportDataset: Operation<'ImportDataset'> = async (input, ctx, call) => {
  const folders = input.Folders.map((folder, index) => permitted(folder, index, ctx, call));
  requireApart(folders);
  const manifest = input.Manifest ?? { Bucket: folders[0]?.bucket ?? '', Key: undefined };
  if (input.Manifest !== undefined) requireListed(manifest.Bucket, 'manifest.bucket', ctx, call);
  const missing = await noBucket(
    manifest.Bucket,
    input.Manifest === undefined ? 'folders.1.member.bucket' : 'manifest.bucket',
    ctx,
  );
  return beginDataset('ImportDataset', input, ctx, call, missing, (operationId) => ({
    folders,
    source: {
      bucket: manifest.Bucket,
      key: manifest.Key ?? manifestKey(keyOf(input), operationId),
    },
  }));
};

/** Where a manifest goes unless the caller says: beside the pictures, under a name that nobody else takes. */
const manifestKey = ({ project, type }: Pick<Dataset, 'project' | 'type'>, operationId: string): string =>
  `crowsnest/${project}/${type}-${operationId}.manifest`;

function permitted(
  { Bucket, Prefix, Class }: Input<'ImportDataset'>['Folders'][number],
  index: number,
  ctx: WriteContext,
  call: Call,
): PictureFolder {
  requireListed(Bucket, `folders.${index + 1}.member.bucket`, ctx, call);
  return {
    bucket: Bucket,
    prefix: Prefix === '' ? '' : below(Prefix, ''),
    ...(Class !== undefined && { label: Class satisfies Label }),
  };
}

/** @throws ValidationError if a picture would be in two folders */
function requireApart(folders: readonly PictureFolder[]): void {
  folders.forEach(({ bucket, prefix }, index) => {
    const other = folders.findIndex(
      (each, at) => at !== index && each.bucket === bucket && prefix.startsWith(each.prefix),
    );
    if (other >= 0)
      throw violation(
        `folders.${index + 1}.member.prefix`,
        `Member must not lie in the folder of folders.${other + 1}.member: a picture has one class`,
        prefix,
      );
  });
}
