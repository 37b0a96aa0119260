import { describe, expect, test } from '@jest/globals';
import { refusal } from '../../../helpers/fake-sagemaker/algorithm.ts';

/* The fake algorithm is no use unless it refuses what the real one would. */

const label = { 'class-name': 'normal', 'job-name': 'anomaly-label' };
const normal = { 'source-ref': 's3://pictures/1.jpg', 'anomaly-label-metadata': label, 'anomaly-label': 0 };
const white = { 'class-name': 'BACKGROUND', 'hex-color': '#ffffff' };
const blank = {
  'anomaly-mask-ref-metadata': { 'internal-color-map': { 0: white } },
  'anomaly-mask-ref': 's3://w/blank.png',
};
const attributes = {
  classification: 'source-ref,anomaly-label-metadata,anomaly-label',
  segmentation: 'source-ref,anomaly-label-metadata,anomaly-label,anomaly-mask-ref-metadata,anomaly-mask-ref',
};

function asked(
  lines: readonly object[],
  ModelType: 'classification' | 'segmentation' = 'classification',
  names = attributes[ModelType],
): string | undefined {
  const files = new Map<string, Uint8Array>([
    ['pictures/1.jpg', Buffer.from('x')],
    ['w/blank.png', Buffer.from('\x89PNG', 'latin1')],
  ]);
  files.set('w/manifest', Buffer.from(lines.map((line) => JSON.stringify(line)).join('\n')));
  return refusal(files, {
    HyperParameters: {
      ModelType,
      TrainingInputDataAttributeNames: names,
      TestInputDataAttributeNames: names,
    },
    InputDataConfig: [
      {
        ChannelName: 'training',
        DataSource: {
          S3DataSource: {
            S3DataType: 'AugmentedManifestFile',
            S3Uri: 's3://w/manifest',
            AttributeNames: names.split(','),
          },
        },
      },
    ],
  });
}

test('the algorithm takes what is right', () => {
  expect(asked([normal])).toBeUndefined();
  expect(asked([{ ...normal, ...blank }], 'segmentation')).toBeUndefined();
});

describe('the algorithm refuses', () => {
  test.each([
    ['an empty manifest', [], 'the manifest is empty'],
    [
      'a line without a label',
      [{ 'source-ref': 's3://pictures/1.jpg' }],
      'line 1: attribute anomaly-label-metadata is missing',
    ],
    [
      'another name for the label',
      [normal, { 'source-ref': 's3://pictures/1.jpg', 'auto-label-metadata': label, 'auto-label': 0 }],
      'line 2: attribute anomaly-label-metadata is missing',
    ],
    [
      'a relative URI',
      [{ ...normal, 'source-ref': 'pictures/1.jpg' }],
      'line 1: source-ref is not an absolute URI',
    ],
    [
      'a picture that is not there',
      [{ ...normal, 'source-ref': 's3://pictures/2.jpg' }],
      'line 1: no object at s3://pictures/2.jpg',
    ],
    [
      'a label that is turned round',
      [{ ...normal, 'anomaly-label': 1 }],
      'line 1: the label does not say what its class-name says',
    ],
    [
      'a class of its own',
      [{ ...normal, 'anomaly-label-metadata': { ...label, 'class-name': 'unsure' } }],
      'line 1: class-name must be normal or anomaly',
    ],
  ])('%s', (_, lines, words) => {
    expect(asked(lines)).toBe(words);
  });

  test('a normal line without a dummy mask, where it is to mark anomalies', () => {
    expect(asked([{ ...normal, ...blank }, normal], 'segmentation')).toBe(
      'line 2: attribute anomaly-mask-ref-metadata is missing',
    );
  });

  test('a mask whose map does not begin with the background', () => {
    const map = { 0: { 'class-name': 'cracked', 'hex-color': '#23A436' } };
    expect(
      asked(
        [{ ...normal, ...blank, 'anomaly-mask-ref-metadata': { 'internal-color-map': map } }],
        'segmentation',
      ),
    ).toBe('line 1: the map must begin with the white BACKGROUND');
  });

  test('attributes in another order', () => {
    expect(asked([normal], 'classification', 'source-ref,anomaly-label,anomaly-label-metadata')).toMatch(
      /^attribute names must be/,
    );
  });
});
