import { describe, expect, test } from '@jest/globals';
import { countVerdicts, describeReliability, f1Interval } from '../../lambdas/domain/reliability.ts';
import { createRandom } from '../../lambdas/vision/fitting/random.ts';

const f1 = (hits: number, strays: number, misses: number): number =>
  (2 * hits) / (2 * hits + strays + misses);

describe('the interval of an F1', () => {
  test('is wide where six images are all right, and narrow where six hundred are', () => {
    const [low = 0, high = 0] = f1Interval({ hits: 6, strays: 0, misses: 0 }) ?? [];
    expect(low).toBeCloseTo(0.757, 2);
    expect(high).toBe(1);
    expect(f1Interval({ hits: 600, strays: 0, misses: 0 })?.[0]).toBeGreaterThan(0.99);
    expect(f1Interval({ hits: 0, strays: 0, misses: 0 })).toBeUndefined();
  });

  test('holds the true F1 in at least 19 of 20 test sets', () => {
    const random = createRandom(11);
    const [normals, anomalies] = [30, 20];
    for (const [recall, falseAlarms] of [
      [0.95, 0.05],
      [0.8, 0.1],
      [0.6, 0.2],
    ] as const) {
      const truth = f1(recall * anomalies, falseAlarms * normals, (1 - recall) * anomalies);
      let held = 0;
      for (let set = 0; set < 2000; set++) {
        const draw = (count: number, chance: number): number =>
          Array.from({ length: count }, () => random.next()).filter((value) => value < chance).length;
        const hits = draw(anomalies, recall);
        const [low = 1, high = 0] =
          f1Interval({ hits, strays: draw(normals, falseAlarms), misses: anomalies - hits }) ?? [];
        if (low <= truth && truth <= high) held++;
      }
      expect(held / 2000).toBeGreaterThanOrEqual(0.94);
    }
  });
});

test('verdicts are counted by what the pictures are', () => {
  const verdict = (isAnomaly: boolean, isAnomalous: boolean) => ({ isAnomaly, isAnomalous });
  expect(
    countVerdicts([verdict(true, true), verdict(true, false), verdict(false, true), verdict(false, false)]),
  ).toEqual({ hits: 1, strays: 1, misses: 1, normals: 2, anomalies: 2 });
});

test('a user is told what F1 rests on, and what it does not say', () => {
  const counts = { hits: 6, strays: 0, misses: 0, normals: 14, anomalies: 6 };
  expect(
    describeReliability(1, {
      counts,
      crossValidation: { images: 51, f1Score: 0.914, precision: 1, recall: 0.8, rocAuc: 1 },
      notes: ['Only 6 anomalies to learn from.'],
    }),
  ).toBe(
    'F1 1.00 is measured on 20 test images, 6 of them anomalies: its 95 % interval is 0.76 to 1.00. ' +
      'Cross-validation on the 51 images that were learnt from gives F1 0.91. ' +
      'Types of anomaly that no image shows are not in these figures. Only 6 anomalies to learn from.',
  );
  expect(describeReliability(0, { counts: { ...counts, hits: 0, anomalies: 0 } })).toMatch(
    /^None of the 14 test images is an anomaly: F1, precision and recall say nothing\./,
  );
});
