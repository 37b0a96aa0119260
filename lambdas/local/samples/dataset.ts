import type { ObjectStore } from '../../domain/ports.ts';
import { samplesBucket } from './bucket.ts';
import { defectColours, drawPart, seeded, type Defect } from './part.ts';
import { locationUrl } from '../../domain/locations.ts';

/** A dataset to train from, and pictures that are not in it. */
export interface SampleDataset {
  readonly bucket: string;
  /** The key of a manifest: `DatasetSource` of a CreateDataset request names it. */
  readonly manifest: string;
  readonly images: { readonly normal: number; readonly anomaly: number };
  /** Keys of pictures that no training has seen, by what they show. */
  readonly unseen: Readonly<Record<'good' | Shown, string>>;
}

/**
 * The kinds of defects that the masks show. A training needs twenty pictures of each, so all four would take
 * it long.
 */
const shown = ['scratch', 'stain'] as const satisfies readonly Defect[];
type Shown = (typeof shown)[number];

const prefix = 'parts/dataset/';

/** So many of the good parts, and of each kind of defect: what a single dataset must have at least. */
const each = 20;

/**
 * Draws good parts and marked defects, and writes them with their masks and the manifest that labels them.
 * They are the same every time.
 */
export async function writeDataset(objects: ObjectStore): Promise<SampleDataset> {
  const random = seeded(20251031);
  const lines: string[] = [];
  const unseen = { good: '', scratch: '', stain: '' };
  for (const defect of [undefined, ...shown]) {
    const kind = defect ?? 'good';
    for (let index = 1; index <= each; index += 1) {
      const name = `${kind}-${String(index).padStart(2, '0')}`;
      const { picture, mask } = await drawPart(random, defect);
      const source = await write(objects, `images/${name}.jpg`, picture);
      lines.push(
        line(
          source,
          defect !== undefined && mask !== undefined
            ? { defect, ref: await write(objects, `masks/${name}.png`, mask) }
            : undefined,
        ),
      );
    }
    unseen[kind] = `${prefix}unseen/${kind}.jpg`;
    await write(objects, `unseen/${kind}.jpg`, (await drawPart(random, defect)).picture);
  }
  await write(objects, 'train.manifest', Buffer.from(lines.join('')));
  return {
    bucket: samplesBucket,
    manifest: `${prefix}train.manifest`,
    images: { normal: each, anomaly: each * shown.length },
    unseen,
  };
}

async function write(objects: ObjectStore, name: string, bytes: Uint8Array): Promise<string> {
  const location = { bucket: samplesBucket, key: `${prefix}${name}` };
  await objects.write(location, bytes);
  return locationUrl(location);
}

/** As SageMaker Ground Truth wrote it, and Lookout for Vision read it. */
function line(
  source: string,
  anomaly: { readonly defect: Defect; readonly ref: string } | undefined,
): string {
  const given = {
    'human-annotated': 'yes',
    'creation-date': '2025-10-31T12:00:00.000',
    'job-name': 'labeling-job/parts',
  };
  return `${JSON.stringify({
    'source-ref': source,
    'anomaly-label': anomaly === undefined ? 0 : 1,
    'anomaly-label-metadata': {
      'class-name': anomaly === undefined ? 'normal' : 'anomaly',
      confidence: 1,
      type: 'groundtruth/image-classification',
      ...given,
    },
    ...(anomaly !== undefined && {
      'anomaly-mask-ref': anomaly.ref,
      'anomaly-mask-ref-metadata': {
        'internal-color-map': {
          0: { 'class-name': 'BACKGROUND', 'hex-color': '#ffffff', confidence: 0 },
          1: { 'class-name': anomaly.defect, 'hex-color': defectColours[anomaly.defect], confidence: 0 },
        },
        type: 'groundtruth/semantic-segmentation',
        ...given,
      },
    }),
  })}\n`;
}
