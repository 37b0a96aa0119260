import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { describeProblem, parseManifest } from '../../lambdas/vision/inference/artifact.ts';
import { colourManifest, json, manifest } from '../helpers/artifacts.ts';

const problemsOf = (value: unknown): readonly string[] => {
  const parsed = parseManifest(json(value));
  return parsed.ok ? [] : parsed.problems.map(describeProblem);
};

describe('model.json', () => {
  test('is read with its defaults', () => {
    const parsed = parseManifest(json({ ...manifest, comment: 'ignored' }));
    expect(parsed).toEqual({
      ok: true,
      manifest: {
        picture: { width: 64, height: 64 },
        input: {
          name: 'image',
          width: 64,
          height: 64,
          layout: 'NHWC',
          type: 'uint8',
          scale: 1,
          mean: [0, 0, 0],
          std: [1, 1, 1],
        },
        outputs: { score: 'score' },
        threshold: 0.5,
        mapThreshold: 0.5,
        classes: [],
        evaluation: { f1Score: 0.9, precision: 0.8, recall: 1, evaluatedAt: 1769860800000 },
      },
    });
  });

  test('is accepted as the documentation shows it', () => {
    const page = readFileSync(new URL('../../docs/artifact-format.md', import.meta.url), 'utf8');
    const example = /```json\n([^`]+)```/.exec(page)?.[1] ?? '';
    expect(parseManifest(Buffer.from(example))).toMatchObject({
      ok: true,
      manifest: { input: { layout: 'NCHW', std: [0.229, 0.224, 0.225] } },
    });
    // As Python writes dates.
    const evaluation = { ...manifest.evaluation, evaluatedAt: '2026-01-31T12:00:00.123456+00:00' };
    expect(parseManifest(json({ ...manifest, evaluation }))).toMatchObject({
      ok: true,
      manifest: { evaluation: { evaluatedAt: 1769860800123 } },
    });
  });

  test('has every broken rule named at once, with its member', () => {
    expect(
      problemsOf({
        format: 'crowsnest-model/2',
        picture: { width: 63, height: 4097 },
        input: {
          name: '',
          width: 1.5,
          height: 64,
          layout: 'HWC',
          type: 'float32',
          scale: 0,
          mean: [0, 0],
          std: [1, 0, 1],
        },
        outputs: { score: 7 },
        threshold: 1,
        evaluation: { f1Score: 2, precision: '1', evaluatedAt: 'yesterday' },
      }),
    ).toEqual([
      'format must be "crowsnest-model/1"',
      'picture.width must be a whole number from 64 to 4096',
      'picture.height must be a whole number from 64 to 4096',
      'input.name must be a text of 1 to 255 characters',
      'input.width must be a whole number from 1 to 4096',
      'input.layout must be "NHWC" or "NCHW"',
      'input.scale must be a number above 0',
      'input.mean must be three numbers, for R, G and B',
      'input.std must be three numbers above 0, for R, G and B',
      'outputs.score must be a text of 1 to 255 characters',
      'threshold must be a number above 0 and below 1',
      'evaluation.f1Score must be a number from 0 to 1',
      'evaluation.precision must be a number from 0 to 1',
      'evaluation.recall is missing; it must be a number from 0 to 1',
      'evaluation.evaluatedAt must be a date and time as in 2026-01-31T12:00:00Z',
    ]);
  });

  test('must have an evaluation, and classes where there is a map', () => {
    expect(problemsOf({ ...manifest, evaluation: undefined })).toEqual(['evaluation must be an object']);
    expect(problemsOf({ ...colourManifest, classes: [] })).toEqual([
      'classes must list 1 to 100 classes, one per channel of the map',
    ]);
    expect(
      problemsOf({
        ...colourManifest,
        classes: [
          { name: 'a', color: '#fffFFF' },
          { name: 'a', color: 'red' },
        ],
      }),
    ).toEqual([
      'classes[1].color must be a colour as in #23A436',
      'classes[1] has no name of its own (background, #FFFFFF is taken as well)',
      'classes[0] has no colour of its own (background, #FFFFFF is taken as well)',
    ]);
  });

  test('must be a JSON object', () => {
    expect(parseManifest(Buffer.from('{"format":'))).toEqual({
      ok: false,
      problems: [{ member: 'model.json', rule: 'must be JSON in UTF-8' }],
    });
    expect(parseManifest(Uint8Array.of(0x22, 0xff, 0x22))).toMatchObject({
      ok: false,
      problems: [{ rule: 'must be JSON in UTF-8' }],
    });
    expect(problemsOf([])[0]).toBe('model.json must be an object');
  });
});
