import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFolderObjects } from '../../lambdas/local/folder-objects.ts';
import { minimums } from '../../lambdas/domain/training.ts';
import { manifestLine } from '../../lambdas/domain/manifest-line.ts';
import { lentBucket } from './lent-bucket.ts';
import { locationUrl } from '../../lambdas/domain/locations.ts';

/** What a deployment is tried with, as far as the caller has given it. */
export interface Material {
  /** `Source` of an ImportModel request. */
  readonly source?: object;
  readonly picture?: Uint8Array;
  /** A manifest that a model can be trained from, and where results may go. */
  readonly dataset?: {
    readonly bucket: string;
    readonly manifest: string;
    readonly lines: readonly string[];
    readonly output: string;
  };
  /** Removes what was uploaded. */
  remove(): Promise<void>;
}

export interface MaterialOptions {
  readonly dataDir?: string;
  readonly bucket?: string;
  readonly modelS3?: string;
  readonly modelPackageArn?: string;
  readonly picture?: string;
  readonly region: string;
}

/**
 * Samples are drawn into a data folder or a bucket if one is given; a model and a picture that the caller
 * names come before them.
 */
export async function gatherMaterial({
  dataDir,
  bucket,
  modelS3,
  modelPackageArn,
  picture,
  region,
}: MaterialOptions): Promise<Material> {
  const given = {
    ...(modelS3 !== undefined && { source: { S3: s3Location(modelS3) } }),
    ...(modelPackageArn !== undefined && { source: { ModelPackageArn: modelPackageArn } }),
    ...(picture !== undefined && { picture: await readFile(picture) }),
  };
  if (dataDir !== undefined)
    return { ...(await samples(join(dataDir, 's3'))), ...given, remove: () => Promise.resolve() };
  if (bucket === undefined) return { ...given, remove: () => Promise.resolve() };
  const prefix = 'crowsnest-conformance/';
  const lent = lentBucket(bucket, prefix, region);
  const drawn = await mkdtemp(join(tmpdir(), 'crowsnest-samples-'));
  try {
    const material = await samples(drawn, { bucket, prefix });
    await lent.fill(join(drawn, samplesBucket));
    return { ...material, ...given, remove: () => lent.clear() };
  } finally {
    await rm(drawn, { recursive: true, force: true });
  }
}

function s3Location(url: string): { readonly Bucket: string; readonly Prefix: string } {
  const [, bucket = '', prefix = ''] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(url) ?? [];
  return { Bucket: bucket, Prefix: prefix };
}

/** The bucket that the samples are drawn into; in a local host's data folder it is one by itself. */
const samplesBucket = 'crowsnest-samples';

/** Draws below `root`; `bucket` and `prefix` are where the deployment will find it. */
async function samples(
  root: string,
  { bucket, prefix } = { bucket: samplesBucket, prefix: '' },
): Promise<Omit<Material, 'remove'>> {
  // it loads the inference runtime
  const { writeSamples } = await import('../../lambdas/local/samples/write-samples.ts');
  const objects = createFolderObjects(root);
  const { bucket: own, model, train, evaluation, test } = await writeSamples(objects);
  if (own !== samplesBucket)
    throw new Error(`The samples were drawn into ${own}, where ${samplesBucket} was expected.`);
  const sets = [train, evaluation, test];
  // No more than a training needs: whether it works is asked, not how well it can learn.
  const lines = (['normal', 'anomaly'] as const).flatMap((label) =>
    sets
      .flatMap((set) => set[label])
      .slice(0, minimums.single[label])
      .map((key) => manifestLine(locationUrl({ bucket, key: `${prefix}${key}` }), label)),
  );
  const manifest = 'conformance/train.manifest';
  await objects.write({ bucket: own, key: manifest }, Buffer.from(lines.join('\n')));
  const picture = await objects.read({ bucket: own, key: test.anomaly[0] ?? '' });
  return {
    source: { S3: { Bucket: bucket, Prefix: `${prefix}${model.prefix}` } },
    ...(picture !== undefined && { picture }),
    dataset: { bucket, manifest: `${prefix}${manifest}`, lines, output: `${prefix}conformance/output/` },
  };
}
