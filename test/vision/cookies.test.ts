/** @jest-environment ./test/helpers/native-arrays.cjs */
import { expect } from '@jest/globals';
import { train } from '../../lambdas/vision/fitting/train.ts';
import { findBackbone } from '../../lambdas/vision/features/backbone.ts';
import { cookies } from '../helpers/cookies.ts';
import { where } from '../helpers/where.ts';

const sets = cookies();
const { test: withCookies } = where(
  sets !== undefined && findBackbone() !== undefined,
  'the sample pictures of the original',
);

withCookies(
  'cookies: cracked ones are told from whole ones, and their cracks are found',
  async () => {
    const trained = await train({
      pictures: sets?.train ?? [],
      test: sets?.test ?? [],
      seed: 1,
      features: 'backbone',
      now: () => 0,
      minimums: {
        single: { normals: 0, anomalies: 0 },
        train: { normals: 20, anomalies: 20 },
        test: { normals: 5, anomalies: 5 },
      },
    });
    expect(trained.evaluation.f1Score).toBeGreaterThanOrEqual(0.95);
    expect(trained.evaluation.classes?.[0]?.className).toBe('cracked');
    expect(trained.evaluation.classes?.[0]?.iou).toBeGreaterThanOrEqual(0.7);
    expect(trained.crossValidation?.classes?.[0]?.iou).toBeGreaterThanOrEqual(0.66);
  },
  1_200_000,
);
