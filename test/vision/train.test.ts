/** @jest-environment ./test/helpers/native-arrays.cjs */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { graphProblems } from '../../lambdas/vision/onnx/graph-check.ts';
import { loadModel, type LoadedModel } from '../../lambdas/vision/inference/model.ts';
import { decode } from '../../lambdas/vision/pictures/decode.ts';
import { MixedSizes, PictureUnreadable, TrainingStopped } from '../../lambdas/vision/fitting/failures.ts';
import type { LabelledPicture } from '../../lambdas/vision/pictures/training-pictures.ts';
import { train, type Training, type TrainingInput } from '../../lambdas/vision/fitting/train.ts';
import { findBackbone } from '../../lambdas/vision/features/backbone.ts';
import { plates } from './pictures-made.ts';
import { where } from '../helpers/where.ts';

const now = () => Date.UTC(2026, 0, 31);
const needsBackbone = where(findBackbone() !== undefined, 'the package with the backbone from npm');
const few = {
  single: { normals: 4, anomalies: 0 },
  train: { normals: 4, anomalies: 0 },
  test: { normals: 1, anomalies: 0 },
};

const folders: string[] = [];
async function host({ files }: Training): Promise<LoadedModel> {
  const folder = await mkdtemp(join(tmpdir(), 'trained-'));
  folders.push(folder);
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
  return loadModel(folder, 1);
}
afterAll(async () => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

describe.each(['backbone', 'dictionary'] as const)('a model of two anomaly types, on the %s', (features) => {
  const runs = features === 'backbone' ? needsBackbone.test : test;
  const plate = { side: 64 };
  const input: TrainingInput = {
    pictures: plates(14, 6, 6, 1, plate),
    test: plates(10, 5, 5, 2, plate),
    seed: 7,
    features,
    now,
  };
  let trained: Training;
  beforeAll(async () => {
    if (features === 'dictionary' || findBackbone() !== undefined) trained = await train(input);
  }, 1_200_000);

  runs('judges test pictures that it has not seen', () => {
    expect(trained).toMatchObject({
      features,
      kind: 'segmentation',
      pictures: { train: 26, learnt: 26, test: 20 },
    });
    expect(trained.evaluation.f1Score).toBeGreaterThanOrEqual(0.9);
    expect(trained.evaluation.classes?.map(({ className, iou }) => [className, iou > 0.4])).toEqual([
      ['scratch', true],
      ['spot', true],
    ]);
    expect(trained.results).toHaveLength(20);
  });

  runs('is hosted as it was evaluated, and paints no mask on clean pictures', async () => {
    expect(graphProblems(trained.files['model.onnx'] ?? new Uint8Array())).toEqual([]);
    const model = await host(trained);
    expect(model.manifest).toMatchObject({
      picture: { width: plate.side, height: plate.side },
      classes: [
        { name: 'scratch', color: '#23A436' },
        { name: 'spot', color: '#0000FF' },
      ],
    });
    expect(model.manifest.evaluation).toEqual({
      f1Score: trained.evaluation.f1Score,
      precision: trained.evaluation.precision,
      recall: trained.evaluation.recall,
      evaluatedAt: now(),
    });
    for (const [at, picture] of (input.test as LabelledPicture[]).entries()) {
      const verdict = await model.judge(await decode(await picture.load(), 'image/png'));
      expect(verdict.isAnomalous).toBe(trained.results[at]?.isAnomalous);
      expect(verdict.confidence).toBeCloseTo(trained.results[at]?.confidence ?? 0, 3);
      if (picture.label === 'normal' && !verdict.isAnomalous)
        expect(verdict.anomalies).toEqual([{ name: 'background', area: 1, color: '#FFFFFF' }]);
      if (picture.id.includes('spot') && verdict.isAnomalous)
        expect(verdict.anomalies?.map(({ name }) => name)).toContain('spot');
    }
  });
});

describe('training', () => {
  needsBackbone.test(
    'gives the same model for the same pictures and seed',
    async () => {
      const input: TrainingInput = {
        pictures: plates(8, 5, 0, 3, { side: 64 }),
        seed: 5,
        features: 'backbone',
        minimums: few,
        now,
      };
      const [first, second] = [await train(input), await train(input)];
      expect(second.results).toEqual(first.results);
      expect(
        Buffer.from(second.files['model.onnx'] ?? []).equals(Buffer.from(first.files['model.onnx'] ?? [])),
      ).toBe(true);
    },
    600_000,
  );

  needsBackbone.test(
    'without anomalies learns what is normal, and makes no map',
    async () => {
      const trained = await train({
        pictures: plates(10, 0, 0, 4, { side: 64, grey: true }),
        test: plates(10, 10, 0, 5, { side: 64, grey: true }),
        seed: 1,
        features: 'auto',
        now,
      });
      expect(trained).toMatchObject({ kind: 'classification', features: 'backbone' });
      expect(trained.crossValidation).toBeUndefined();
      expect(trained.evaluation.recall).toBeGreaterThanOrEqual(0.9);
      expect(trained.evaluation.rocAuc).toBeGreaterThanOrEqual(0.95);
      expect(trained.notes.join()).toMatch(/too few anomalies/i);
      expect((await host(trained)).manifest.outputs).toEqual({ score: 'anomaly_score' });
    },
    600_000,
  );

  test('without masks classifies', async () => {
    const bare = plates(8, 6, 0, 6, { side: 64 }).map((picture) => ({
      id: picture.id,
      label: picture.label,
      load: () => picture.load(),
    }));
    const trained = await train({ pictures: bare, seed: 1, features: 'auto', minimums: few, now });
    expect(trained.kind).toBe('classification');
    expect(trained.evaluation.classes).toBeUndefined();
  }, 600_000);

  test('of pictures of different sizes fails with the sentence of the original service', async () => {
    const mixed = [...plates(6, 2, 0, 1, { side: 64 }), ...plates(1, 0, 0, 2, { side: 96 })];
    const failure = train({
      pictures: mixed,
      test: plates(1, 0, 0, 3, { side: 64 }),
      seed: 1,
      features: 'auto',
      minimums: few,
      now,
    });
    await expect(failure).rejects.toBeInstanceOf(MixedSizes);
    await expect(failure).rejects.toThrow(/^Images in the dataset must have the same dimensions\.$/);
  });

  test('names a picture that cannot be read', async () => {
    const broken: LabelledPicture = {
      id: 's3://b/torn.png',
      label: 'normal',
      load: async () =>
        (
          await sharp({ create: { width: 64, height: 64, channels: 3, background: 'red' } })
            .png()
            .toBuffer()
        ).subarray(0, 90),
    };
    const failure = train({
      pictures: [...plates(6, 0, 0, 1, { side: 64 }), broken],
      test: plates(1, 0, 0, 3, { side: 64 }),
      seed: 1,
      features: 'auto',
      minimums: few,
      now,
    });
    await expect(failure).rejects.toBeInstanceOf(PictureUnreadable);
    await expect(failure).rejects.toThrow(/^s3:\/\/b\/torn\.png: The picture cannot be decoded/);
  });

  test('stops when it is told to', async () => {
    const stop = new AbortController();
    const told: string[] = [];
    const trained = train(
      { pictures: plates(20, 10, 0, 1, { side: 64 }), seed: 1, features: 'dictionary', now },
      (stage) => {
        told.push(stage);
        if (stage === 'looking') stop.abort();
      },
      stop.signal,
    );
    await expect(trained).rejects.toBeInstanceOf(TrainingStopped);
    expect(new Set(told)).toEqual(new Set(['reading', 'looking']));
  });
});
