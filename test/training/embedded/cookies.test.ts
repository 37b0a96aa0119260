/** @jest-environment ./test/helpers/native-arrays.cjs */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import type { LabelledPicture } from '../../../lambdas/training/embedded/pictures.ts';
import { train } from '../../../lambdas/training/embedded/train.ts';
import { findTrunk } from '../../../lambdas/training/embedded/trunk.ts';

// AWS's getting-started pictures, where somebody has put them beside the project.
const folder = fileURLToPath(new URL('../../../../shared/data/cookies/', import.meta.url));
const manifest = `${folder}manifests/template.manifest`;
const withCookies = existsSync(manifest) && findTrunk() !== undefined ? test : test.skip;

interface Line {
  readonly 'source-ref': string;
  readonly 'anomaly-label-metadata': { readonly 'class-name': 'normal' | 'anomaly' };
  readonly 'anomaly-mask-ref'?: string;
  readonly 'anomaly-mask-ref-metadata'?: { readonly 'internal-color-map': Readonly<Record<string, { readonly 'class-name': string; readonly 'hex-color': string }>> };
}

withCookies('cookies: cracked ones are told from whole ones, and their cracks are found', async () => {
  const lines = (await readFile(manifest, 'utf8')).trim().split('\n').map((line) => JSON.parse(line) as Line);
  const pictures = lines.map((line): LabelledPicture => {
    const mask = line['anomaly-mask-ref'];
    const colours = Object.values(line['anomaly-mask-ref-metadata']?.['internal-color-map'] ?? {})
      .map((entry) => ({ className: entry['class-name'], hexColor: entry['hex-color'] }));
    return {
      id: line['source-ref'], type: 'image/jpeg', label: line['anomaly-label-metadata']['class-name'], load: () => readFile(folder + line['source-ref']),
      ...(mask !== undefined && { mask: { colours, load: () => readFile(folder + mask) } }),
    };
  });
  const trained = await train({ pictures, seed: 1, features: 'trunk', now: () => 0 });
  expect(trained.evaluation.f1Score).toBeGreaterThanOrEqual(0.95);
  expect(trained.evaluation.classes?.[0]?.className).toBe('cracked');
  expect(trained.evaluation.classes?.[0]?.iou).toBeGreaterThanOrEqual(0.5);
  expect(trained.crossValidation?.classes?.[0]?.iou).toBeGreaterThanOrEqual(0.55);
}, 240_000);
