import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { datasetOf } from '../../lambdas/store/datasets.ts';
import type { Row } from '../../lambdas/store/expression.ts';
import { jobOf } from '../../lambdas/store/jobs.ts';
import { modelOf } from '../../lambdas/store/models.ts';
import { projectOf } from '../../lambdas/store/projects.ts';
import { LaterRow, UnreadableRow } from '../../lambdas/store/row-reader.ts';

const { rows } = JSON.parse(
  readFileSync(new URL('../fixtures/release-0.1.0.json', import.meta.url), 'utf8'),
) as { readonly rows: readonly Row[] };
const models = rows.filter(({ sk }) => String(sk).startsWith('MODEL#'));
const [model = {}] = models;

function refusal(read: () => unknown): UnreadableRow {
  try {
    read();
  } catch (error) {
    if (error instanceof UnreadableRow) return error;
  }
  throw new Error('the row was not refused');
}

test('rows of release 0.1.0 are read, with and without their version', () => {
  expect(models.length).toBeGreaterThan(3);
  for (const { v: _, ...row } of models) expect(modelOf(row)).toEqual(modelOf({ ...row, v: 1 }));
  expect(
    projectOf({ pk: 'PROJECTS', sk: 'p', createdAt: 1, nextVersion: 1, models: 0, datasets: 0 }),
  ).toEqual({
    v: 1,
    name: 'p',
    createdAt: 1,
    nextVersion: 1,
    models: 0,
    datasets: 0,
  });
});

test.each([
  [
    'status',
    { status: 'SLEEPING' },
    /^the row P#parts\/MODEL#0000000001 cannot be read: status must be one of /,
  ],
  ['createdAt', { createdAt: '1' }, / createdAt must be a number$/],
  ['statusMessage', { statusMessage: undefined }, / statusMessage is missing$/],
  ['operation', { operation: [] }, / operation must be a map$/],
  [
    'operation.attempt',
    { operation: { ...(model['operation'] as Row), attempt: 1.5 } },
    /must be an integer$/,
  ],
  ['source.S3.Bucket', { source: { S3: {} } }, / source\.S3\.Bucket is missing$/],
  ['units.max', { units: { min: 1, max: null } }, / units\.max must be an integer$/],
  ['v', { v: 'one' }, / v must be one of 1$/],
  ['v', { v: 0 }, / v must be one of 1$/],
])('a model with a broken %s is refused by its key and member', (member, change, message) => {
  const error = refusal(() => modelOf({ ...model, ...change }));
  expect(error).not.toBeInstanceOf(LaterRow);
  expect([error.key, error.member]).toEqual(['P#parts/MODEL#0000000001', member]);
  expect(error.message).toMatch(message);
});

test.each([
  ['model', modelOf],
  ['dataset', datasetOf],
  ['packaging job', jobOf],
  ['project', projectOf],
])('a %s of a later version is refused before anything else of it is read', (_, read) => {
  const error = refusal(() => read({ pk: 'P', sk: 'S', v: 2 }));
  expect(error).toBeInstanceOf(LaterRow);
  expect(error.message).toBe(
    'the row P/S cannot be read: v is 2, and this release reads rows up to version 1; run the later release',
  );
});
