import { describe, expect, test } from '@jest/globals';
import { lackingOfTypes, type LabelledEntry } from '../../lambdas/domain/training.ts';

/** So many anomalies, each with a mask whose colour map lists these types. */
const anomalies = (count: number, ...types: string[]): LabelledEntry[] =>
  Array.from({ length: count }, (_, index) => ({
    text: '{}',
    sourceRef: `s3://photos/${types.join('-')}-${index}.jpg`,
    label: 'anomaly',
    ...(types.length > 0 && {
      mask: { ref: `s3://photos/${index}.png`, classes: types.map((name) => ({ name, color: '#23A436' })) },
    }),
  }));
const normals: LabelledEntry[] = [
  {
    text: '{}',
    sourceRef: 's3://photos/good.jpg',
    label: 'normal',
    mask: { ref: 's3://photos/blank.png', classes: [{ name: 'bent', color: '#23A436' }] },
  },
];

describe('a training that marks anomalies', () => {
  test('needs 20 images of each type in a single dataset, and names the type that has fewer', () => {
    expect(
      lackingOfTypes([...normals, ...anomalies(20, 'bent'), ...anomalies(20, 'torn')], undefined),
    ).toEqual([]);
    expect(
      lackingOfTypes([...normals, ...anomalies(20, 'bent'), ...anomalies(19, 'torn')], undefined),
    ).toEqual([
      'the train dataset has 19 images with a mask of the anomaly type torn, and at least 20 are needed',
    ]);
  });

  test('needs 10 of each type that it learns in each of two datasets', () => {
    expect(
      lackingOfTypes(anomalies(10, 'bent'), [...anomalies(10, 'bent'), ...anomalies(1, 'torn')]),
    ).toEqual([]);
    expect(lackingOfTypes(anomalies(9, 'bent'), anomalies(30))).toEqual([
      'the train dataset has 9 images with a mask of the anomaly type bent, and at least 10 are needed',
      'the test dataset has 0 images with a mask of the anomaly type bent, and at least 10 are needed',
    ]);
  });

  test('counts an image for every type that its colour map lists, and none twice', () => {
    expect(lackingOfTypes(anomalies(20, 'bent', 'torn'), undefined)).toEqual([]);
    expect(lackingOfTypes(anomalies(10, 'bent', 'bent'), undefined)).toHaveLength(1);
  });

  test('asks for nothing where no anomaly has a mask', () => {
    expect(lackingOfTypes([...normals, ...anomalies(1)], undefined)).toEqual([]);
    expect(lackingOfTypes(normals, anomalies(3, 'bent'))).toEqual([]);
  });

  test('says no more than a status message can hold', () => {
    expect(
      lackingOfTypes(
        Array.from({ length: 100 }, (_, type) => anomalies(1, `type-${type}`)).flat(),
        undefined,
      ),
    ).toEqual([
      ...[0, 1, 2].map(
        (type) =>
          `the train dataset has 1 images with a mask of the anomaly type type-${type}, and at least 20 are needed`,
      ),
      'and 97 more of the kind',
    ]);
  });
});
