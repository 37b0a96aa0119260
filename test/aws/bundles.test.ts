import { execFileSync } from 'node:child_process';
import { mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
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
let outside: Map<string, string[]>;

beforeAll(() => {
  const metafile = buildBundles(folder);
  inputs = new Map(
    Object.entries(metafile.outputs).map(([path, output]) => [nameOf(path), Object.keys(output.inputs)]),
  );
  outside = new Map(
    Object.entries(metafile.outputs).map(([path, { imports }]) => [
      nameOf(path),
      [...new Set(imports.map((each) => each.path))].filter((each) => !isBuiltin(each)).sort(),
    ]),
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
  ['trainer', 'trainer', ['handler']],
  ['admission', 'admission', ['handler']],
];

const samples: Record<Form['form'], (form: Form) => string> = {
  text: () => 'dev',
  integer: () => '180',
  switch: () => 'true',
  list: () => '[]',
  map: () => '{}',
  rates: () => JSON.stringify({ currency: 'USD', onnx: { engine: 'lambda', unit: 'onDemand-1769' } }),
  counts: (form) =>
    JSON.stringify(Object.fromEntries((form.form === 'counts' ? form.of : []).map((each) => [each, 1]))),
};
const environmentOf = (kind: FunctionKind): Record<string, string> => ({
  AWS_REGION: 'eu-west-1',
  PATH: process.env['PATH'] ?? '',
  NODE_PATH: fileURLToPath(new URL('../../node_modules', import.meta.url)), // stands for the layer
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

/** Files beside bundles: what the sweep hardly ever needs, what units run, and the process that learns. */
const beside = ['sweep.takeover', 'task-provision.unit', 'trainer.worker'];

test('there is a bundle for each entry and no other, and files beside some', () => {
  expect([...sizes.keys()].sort()).toEqual([...bundles.map(([name]) => name), ...beside].sort());
});

test('native libraries are loaded from the layer, by those that run graphs and by nobody else', () => {
  const native = ['onnxruntime-node', 'sharp'];
  expect(Object.fromEntries([...outside].filter(([, packages]) => packages.length > 0))).toEqual({
    admission: native,
    'task-provision.unit': native,
    'trainer.worker': native,
  });
});

describe.each(bundles)('%s', (name, kind, handlers) => {
  test('exports handlers that are functions', () => {
    expect(JSON.parse(exportsOf(name, environmentOf(kind)))).toEqual(
      handlers.map((handler) => `${handler}:function`),
    );
  });

  test('carries nothing of the local host', () => {
    expect(
      inputs
        .get(name)
        ?.filter((file) => /engines\/process\/|lambdas\/local|node_modules\/(onnxruntime|sharp)/.test(file)),
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

test('only what handles objects or makes URLs, and what the sweep takes over with, carry the client of S3, and only who needs the engine carries its', () => {
  const having = (pattern: RegExp): string[] =>
    [...inputs]
      .filter(([, files]) => files.some((file) => pattern.test(file)))
      .map(([name]) => name)
      .sort();
  expect(having(/@aws-sdk\/client-s3\//)).toEqual([
    'admission',
    'api-read',
    'api-write',
    'sweep.takeover',
    'task-datasets',
    'task-importing',
    'task-packaging',
    'task-provision',
    'task-training',
    'trainer',
  ]);
  expect(having(/@aws-sdk\/client-sagemaker\//)).toEqual([
    'audit',
    'sweep',
    'sweep.takeover',
    'task-importing',
    'task-provision',
    'task-release',
    'task-training',
  ]);
  expect(having(/@aws-sdk\/client-lambda\//)).toEqual([
    'audit',
    'detect',
    'sweep',
    'sweep.takeover',
    'task-importing',
    'task-provision',
    'task-release',
    'task-training',
  ]);
  expect(having(/@aws-sdk\/client-sfn\//)).toEqual(['api-write', 'drain', 'sweep']);
  // the configuration is read where a stack is made, and not in a function
  expect(having(/node_modules\/zod\//)).toEqual([]);
});

test('the write function is at most 680 KB, with the client that URLs are made by', () => {
  expect(statSync(join(folder, 'api-write', 'index.cjs')).size).toBe(sizes.get('api-write'));
  expect(sizes.get('api-write')).toBeLessThanOrEqual(680 * 1024);
});
