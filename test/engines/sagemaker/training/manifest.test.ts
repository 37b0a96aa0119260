import { describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { parseEntry } from '../../../../lambdas/domain/manifest.ts';
import { isLabelled } from '../../../../lambdas/domain/training.ts';
import {
  attributesOf,
  blankMask,
  trainingManifest,
} from '../../../../lambdas/engines/sagemaker/training/manifest.ts';
import type { TrainingExample } from '../../../../lambdas/engines/trainer.ts';
import { example } from './setup.ts';

const options = {
  segmentation: false,
  blankMask: 's3://artifacts/w/training/normal.png',
  labelledAt: Date.UTC(2026, 0, 5, 6),
};
const dates = { 'human-annotated': 'yes', 'creation-date': '2026-01-05T06:00:00.000' };
const labelled = (label: string) => ({
  'class-name': label,
  confidence: 1,
  'job-name': 'anomaly-label',
  type: 'groundtruth/image-classification',
  ...dates,
});
const written = (examples: readonly TrainingExample[], segmentation = false): unknown[] =>
  trainingManifest(examples, { ...options, segmentation })
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as unknown);

const cracked = {
  ref: 's3://masks/2.png',
  classes: [
    { name: 'cracked', color: '#23A436' },
    { name: 'bent', color: '#0000FF' },
  ],
};
const white = { 'class-name': 'BACKGROUND', 'hex-color': '#ffffff', confidence: 0 };

/** As the workflow makes it of a dataset's line. */
function taken(line: Readonly<Record<string, unknown>>): TrainingExample[] {
  const entry = parseEntry(JSON.stringify(line));
  return entry === undefined || !isLabelled(entry)
    ? []
    : [
        {
          source: entry.sourceRef,
          label: entry.label,
          line: JSON.parse(entry.text) as Record<string, unknown>,
        },
      ];
}

test('a classification has three attributes, in the one order that the algorithm takes', () => {
  const [first, second] = written([example('1.jpg', 'normal'), example('a b/ü.png', 'anomaly')]) as [
    object,
    object,
  ];
  expect(first).toEqual({
    'source-ref': 's3://pictures/1.jpg',
    'anomaly-label-metadata': labelled('normal'),
    'anomaly-label': 0,
  });
  expect(second).toEqual({
    'source-ref': 's3://pictures/a b/ü.png',
    'anomaly-label-metadata': labelled('anomaly'),
    'anomaly-label': 1,
  });
  expect(Object.keys(first)).toEqual(['source-ref', 'anomaly-label-metadata', 'anomaly-label']);
  expect(attributesOf(false)).toEqual(Object.keys(first));
});

describe('whatever the dataset called it', () => {
  const auto = (className: string, value: unknown) => ({
    'source-ref': 's3://pictures/x.jpg',
    'auto-label': value,
    'auto-label-metadata': {
      'class-name': className,
      type: 'groundtruth/image-classification',
      'human-annotated': 'yes',
    },
  });

  test.each([
    ['Normal', 1, 'normal', 0],
    ['anomaly', 0, 'anomaly', 1],
    ['ANOMALY', '1', 'anomaly', 1],
    ['normal', 'x', 'normal', 0],
  ])('an auto-label of %s with the value %j is written as %s, %i', (className, value, label, number) => {
    expect(written(taken(auto(className, value)))).toEqual([
      {
        'source-ref': 's3://pictures/x.jpg',
        'anomaly-label-metadata': labelled(label),
        'anomaly-label': number,
      },
    ]);
  });

  test('lines without a label, and folders, are left out', () => {
    expect(
      written(
        [
          taken({ 'source-ref': 's3://pictures/x.jpg' }),
          taken(auto('unsure', 1)),
          taken({ ...auto('normal', 0), 'source-ref': 's3://pictures/x/' }),
        ].flat(),
      ),
    ).toEqual([]);
  });
});

describe('a segmentation', () => {
  const masked = example('2.jpg', 'anomaly', cracked);

  test('has five attributes, and a mask on every line', () => {
    const [normal, anomaly] = written([example('1.jpg', 'normal'), masked], true) as [object, object];
    const about = { 'job-name': 'anomaly-mask-ref', type: 'groundtruth/semantic-segmentation', ...dates };
    expect(normal).toEqual({
      'source-ref': 's3://pictures/1.jpg',
      'anomaly-label-metadata': labelled('normal'),
      'anomaly-label': 0,
      'anomaly-mask-ref-metadata': { 'internal-color-map': { 0: white }, ...about },
      'anomaly-mask-ref': 's3://artifacts/w/training/normal.png',
    });
    expect(anomaly).toEqual({
      'source-ref': 's3://pictures/2.jpg',
      'anomaly-label-metadata': labelled('anomaly'),
      'anomaly-label': 1,
      'anomaly-mask-ref-metadata': {
        'internal-color-map': {
          0: white,
          1: { 'class-name': 'cracked', 'hex-color': '#23A436', confidence: 0 },
          2: { 'class-name': 'bent', 'hex-color': '#0000FF', confidence: 0 },
        },
        ...about,
      },
      'anomaly-mask-ref': 's3://masks/2.png',
    });
    expect(Object.keys(normal)).toEqual([
      'source-ref',
      'anomaly-label-metadata',
      'anomaly-label',
      'anomaly-mask-ref-metadata',
      'anomaly-mask-ref',
    ]);
    expect(attributesOf(true)).toEqual(Object.keys(anomaly));
  });

  test('leaves anomalies without a mask out, which a classification keeps', () => {
    const examples = [example('1.jpg', 'normal'), example('3.jpg', 'anomaly'), masked];
    expect(written(examples, true).map((line) => (line as Record<string, unknown>)['source-ref'])).toEqual([
      's3://pictures/1.jpg',
      's3://pictures/2.jpg',
    ]);
    expect(written(examples)).toHaveLength(3);
    expect(trainingManifest(examples, options)).not.toContain('mask');
  });

  test('gives a normal picture the blank mask, even if the dataset has one of its own', () => {
    expect(written([example('1.jpg', 'normal', cracked)], true)).toMatchObject([
      {
        'anomaly-mask-ref': 's3://artifacts/w/training/normal.png',
        'anomaly-mask-ref-metadata': { 'internal-color-map': { 0: white } },
      },
    ]);
  });

  test('the blank mask is a white PNG of 16 by 16 pixels', async () => {
    const { data, info } = await sharp(blankMask).raw().toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: 16, height: 16, channels: 3 });
    expect(new Set(data)).toEqual(new Set([255]));
    expect((await sharp(blankMask).metadata()).format).toBe('png');
  });
});
