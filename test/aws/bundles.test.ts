import { execFileSync } from 'node:child_process';
import { mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  environments,
  variables,
  type Form,
  type FunctionKind,
  type VariableName,
} from '../../lambdas/contract/environments.ts';
import { buildBundles, nameOf, reportOf } from '../../lib/bundles.ts';

const folder = mkdtempSync(join(tmpdir(), 'crowsnest-entry-'));
let inputs: Map<string, string[]>;
let sizes: Map<string, number>;

beforeAll(() => {
  const metafile = buildBundles(folder);
  inputs = new Map(
    Object.entries(metafile.outputs).map(([path, output]) => [nameOf(path), Object.keys(output.inputs)]),
  );
  sizes = new Map(reportOf(metafile).map(({ name, bytes }) => [name, bytes]));
}, 300_000);

/** By hand: what each bundle exports, and which environment it reads. */
const bundles: readonly (readonly [name: string, kind: FunctionKind, handlers: readonly string[]])[] = [
  ['api-read', 'read', ['handler']],
  ['api-write', 'write', ['handler']],
  ['detect', 'detect', ['handler']],
  ['task-rows', 'rows', ['Claim', 'MarkFailed', 'MarkStopped', 'MarkTrainingFailed']],
  ['task-provision', 'provision', ['MarkHosted', 'ObserveHosting', 'Provision']],
  ['task-release', 'release', ['ObserveRelease', 'Release']],
  ['task-importing', 'importing', ['Admit', 'Erase']],
  ['task-datasets', 'datasets', ['Carry', 'Settle', 'Stage']],
  ['task-training', 'training', ['CleanUp', 'MarkTrained', 'ObserveTraining', 'TakeExamples', 'Train']],
  ['task-packaging', 'packaging', ['Package']],
  ['sweep', 'sweep', ['handler']],
  ['audit', 'audit', ['handler']],
  ['drain', 'drain', ['begin', 'look']],
];

const samples: Record<Form['form'], (form: Form) => string> = {
  text: () => 'dev',
  integer: () => '180',
  switch: () => 'true',
  list: () => '[]',
  map: () => '{}',
  counts: (form) =>
    JSON.stringify(Object.fromEntries((form.form === 'counts' ? form.of : []).map((each) => [each, 1]))),
};
const environmentOf = (kind: FunctionKind): Record<string, string> => ({
  AWS_REGION: 'eu-west-1',
  PATH: process.env['PATH'] ?? '',
  ...Object.fromEntries(
    (environments[kind] as readonly VariableName[]).map((name) => [
      name,
      samples[variables[name].form](variables[name]),
    ]),
  ),
});

/** Loads a bundle as Lambda does, in a process that has nothing but the variables. */
const exportsOf = (name: string, env: Record<string, string>): string =>
  execFileSync(
    process.execPath,
    [
      '-e',
      `
  const loaded = require(${JSON.stringify(join(folder, name, 'index.cjs'))});
  process.stdout.write(JSON.stringify(Object.keys(loaded).sort().map((each) => each + ':' + typeof loaded[each])));
`,
    ],
    { env, encoding: 'utf8', stdio: 'pipe' },
  );

test("there is a bundle for each entry and no other, and beside the sweep's what it hardly ever needs", () => {
  expect([...sizes.keys()].sort()).toEqual([...bundles.map(([name]) => name), 'sweep.settling'].sort());
});

describe.each(bundles)('%s', (name, kind, handlers) => {
  test('exports handlers that are functions', () => {
    expect(JSON.parse(exportsOf(name, environmentOf(kind)))).toEqual(
      handlers.map((handler) => `${handler}:function`),
    );
  });

  test('carries nothing of the local host', () => {
    expect(
      inputs.get(name)?.filter((file) => /\/embedded\/|lambdas\/local|onnxruntime|sharp/.test(file)),
    ).toEqual([]);
  });
});

test('a function that has lost a variable does not start, and says which', () => {
  const { MACHINES: _, ...rest } = environmentOf('write');
  expect(() => exportsOf('api-write', rest)).toThrow('The environment variable MACHINES is missing.');
  expect(() => exportsOf('sweep', { ...environmentOf('sweep'), TIMES: '{"delivery":60}' })).toThrow(
    /The environment variable TIMES must be whole numbers for delivery, start, /,
  );
});

test('only tasks that handle objects, and what the sweep settles with, carry the client of S3, and only who needs the engine carries its', () => {
  const having = (pattern: RegExp): string[] =>
    [...inputs]
      .filter(([, files]) => files.some((file) => pattern.test(file)))
      .map(([name]) => name)
      .sort();
  expect(having(/@aws-sdk\/client-s3\//)).toEqual([
    'sweep.settling',
    'task-datasets',
    'task-importing',
    'task-packaging',
    'task-training',
  ]);
  expect(having(/@aws-sdk\/client-sagemaker\//)).toEqual([
    'audit',
    'sweep',
    'sweep.settling',
    'task-importing',
    'task-provision',
    'task-release',
    'task-training',
  ]);
  expect(having(/@aws-sdk\/client-sfn\//)).toEqual(['api-write', 'drain', 'sweep']);
});

test('the write function is at most 450 KB', () => {
  expect(statSync(join(folder, 'api-write', 'index.cjs')).size).toBe(sizes.get('api-write'));
  expect(sizes.get('api-write')).toBeLessThanOrEqual(450 * 1024);
});
