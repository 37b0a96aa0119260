import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp from 'sharp';

const destination = 's3://exports/2025/parts/';

export const write = async (path: string, content: string | Uint8Array): Promise<void> => {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
};

export const jpeg = (width = 96, height = 80): Promise<Buffer> =>
  sharp({ create: { width, height, channels: 3, background: '#607080' } })
    .jpeg()
    .toBuffer();

/** A palette-like mask: white, with a block of each colour. */
export async function maskPng(colours: readonly string[], width = 96, height = 80): Promise<Buffer> {
  const blocks = colours.map((background, index) => ({
    input: { create: { width: 4, height: 4, channels: 3 as const, background } },
    left: index * 8,
    top: 8,
  }));
  return sharp({ create: { width, height, channels: 3, background: '#ffffff' } })
    .composite(blocks)
    .png()
    .toBuffer();
}

/** A line as the export wrote it. */
export const line = (
  dataset: string,
  key: string,
  kind: 'normal' | 'anomaly',
  more: object = {},
): Record<string, unknown> => ({
  'source-ref': `${destination}${dataset}/images/${key}`,
  'anomaly-label': kind === 'anomaly' ? 1 : 0,
  'anomaly-label-metadata': {
    'class-name': kind,
    'human-annotated': 'yes',
    type: 'groundtruth/image-classification',
    'creation-date': '2025-06-01T10:00:00.000Z',
  },
  ...more,
});

export const mask = (dataset: string, key: string, colours: Readonly<Record<string, string>>): object => ({
  'anomaly-mask-ref': `${destination}${dataset}/masks/${key}`,
  'anomaly-mask-ref-metadata': {
    'internal-color-map': Object.fromEntries(
      Object.entries(colours).map(([name, hex], index) => [
        index,
        { 'class-name': name, 'hex-color': hex, confidence: 0 },
      ]),
    ),
    type: 'groundtruth/semantic-segmentation',
    'human-annotated': 'yes',
  },
});

/** A sound export: 20 good parts and 10 bad ones. */
export async function soundFolder(folder: string): Promise<void> {
  const lines: unknown[] = [];
  const picture = await jpeg();
  for (let index = 0; index < 30; index += 1) {
    const kind = index < 20 ? 'normal' : 'anomaly';
    const key = `line 4/${kind}-${index}.jpg`; // keys may have spaces
    await write(join(folder, 'train/images', key), picture);
    lines.push(line('train', key, kind));
  }
  await write(
    join(folder, 'datasets/train.manifest'),
    lines.map((each) => `${JSON.stringify(each)}\n`).join(''),
  );
}
