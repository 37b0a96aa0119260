import { expect, test } from '@jest/globals';
import { encodeValue } from '../../lambdas/http/encode.ts';

test("a float has the contract's 32 bits: its exact value, as the original wrote it", () => {
  expect(encodeValue('Float', 0.9996867775917053)).toBe(0.9996867775917053); // a captured answer
  expect(encodeValue('DetectAnomalyResult', { Confidence: 0.1 })).toEqual({
    Confidence: 0.10000000149011612,
  });
  expect(encodeValue('ModelPerformance', { F1Score: 1, Recall: 0.5, Precision: 0.9 })).toEqual({
    F1Score: 1,
    Recall: 0.5,
    Precision: 0.8999999761581421,
  });
});

test('the exact value of a float fits into the 38 digits of a decimal number in DynamoDB', () => {
  for (let each = 1; each <= 1000; each += 1) {
    const sent = encodeValue('Float', each / 1000) as number;
    const digits = sent
      .toFixed(60)
      .replace(/^0\.0*/, '')
      .replace(/0+$/, '');
    expect(digits.length).toBeLessThanOrEqual(38);
  }
});
