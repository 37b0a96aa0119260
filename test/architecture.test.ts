import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const root = resolve(fileURLToPath(new URL('..', import.meta.url)));

/**
 * Which rooms the code of a room may reach into. Everything may use packages and node; what is not here may
 * not be used. Each room names only rooms above it in this list, so there is no arrow upward.
 */
const neighbours: Readonly<Record<string, readonly string[]>> = {
  'lambdas/contract': [],
  'lambdas/domain': below('contract'),
  'lambdas/store': below('contract domain'),
  'lambdas/vision': below('contract domain'),
  'lambdas/engines': below('contract domain vision'),
  'lambdas/operations': below('contract domain store engines'),
  'lambdas/workflows': below('contract domain store engines'),
  'lambdas/http': below('contract domain operations'),
  'lambdas/aws': below('contract domain store engines operations workflows http'),
  'lambdas/local': below('contract domain store vision engines operations workflows http'),
  // Synth time reads plain data of run time, never its code; run time never reads synth time.
  lib: below('contract domain store workflows'),
  cli: ['lambdas/vision', 'lib', ...below('contract domain store local')],
  bin: ['lib', 'cli', ...below('contract domain local')],
  console: below('contract'),
};

function below(names: string): string[] {
  return names.split(' ').map((name) => `lambdas/${name}`);
}

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name) && !name.includes('node_modules'))
    .map((name) => join(folder, name));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  const found = [
    ...text.matchAll(/^\s*(import|export)\s+(type\s)?[^'";]*?from\s+'(\.[^']+)'/gm),
    ...text.matchAll(/()()import\(\s*'(\.[^']+)'/g),
  ];
  return found.map(([, , typed, path = '']) => ({
    from: file,
    to: relative(root, resolve(root, dirname(file), path)),
    typeOnly: typed !== undefined,
  }));
}

const roomOf = (file: string): string =>
  file
    .split('/')
    .slice(0, file.startsWith('lambdas/') ? 2 : 1)
    .join('/');

const all = ['lambdas', 'lib', 'cli', 'bin', 'console'].flatMap(sources).flatMap(importsOf);

test('there is code to look at', () => expect(all.length).toBeGreaterThan(100));

/** Of a formatter's columns, what it cannot break: a pattern, and a text without a space, as an ARN. */
const unbreakable = /^\s*(\/[^/*]|\S*$)/;

test('no line is longer than the formatter makes it', () => {
  const files = ['lambdas', 'lib', 'cli', 'bin', 'console'].flatMap(sources);
  const long = files.flatMap((file) =>
    readFileSync(join(root, file), 'utf8')
      .split('\n')
      .flatMap((line, index) =>
        line.length > 110 && !unbreakable.test(line) ? [`${file}:${index + 1}`] : [],
      ),
  );
  expect(long).toEqual([]);
});

test.each(Object.keys(neighbours))('%s keeps to its neighbours', (room) => {
  const strays = all.filter(
    ({ from, to }) => roomOf(from) === room && roomOf(to) !== room && !neighbours[room]?.includes(roomOf(to)),
  );
  expect(strays.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
});

test('every room is known', () =>
  expect([...new Set(all.map(({ from }) => roomOf(from)))].filter((room) => !(room in neighbours))).toEqual(
    [],
  ));

test('no room names a room below it', () => {
  const order = Object.keys(neighbours);
  const upward = order.flatMap((room, at) =>
    (neighbours[room] ?? [])
      .filter((other) => order.indexOf(other) >= at)
      .map((other) => `${room} -> ${other}`),
  );
  expect(upward).toEqual([]);
});

test('no files import each other in a circle', () => {
  const targets = new Map<string, string[]>();
  for (const { from, to, typeOnly } of all) {
    if (!typeOnly) targets.set(from, [...(targets.get(from) ?? []), to]);
  }
  const circles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) return void circles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
    if (done.has(file)) return;
    for (const target of targets.get(file) ?? []) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of targets.keys()) visit(file, []);
  expect(circles).toEqual([]);
});

test('an engine is named by the host that composes it and by nobody else', () => {
  const strays = all.filter(
    ({ from, to }) =>
      /^lambdas\/engines\/[^/]+\//.test(to) &&
      !/^lambdas\/(engines|aws|local)\//.test(from) &&
      roomOf(from) !== 'bin',
  );
  expect(strays.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
});

test('the engine of one machine stays out of AWS, and those of AWS stay out of the local host', () => {
  const strays = all.filter(
    ({ from, to }) =>
      (to.startsWith('lambdas/engines/process/') && from.startsWith('lambdas/aws/')) ||
      (to.startsWith('lambdas/engines/sagemaker/') && from.startsWith('lambdas/local/')),
  );
  expect(strays.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
});

test('operations know no AWS, no socket and no file', () => {
  const foreign = sources('lambdas/operations')
    .concat(sources('lambdas/domain'), sources('lambdas/contract'))
    .filter((file) =>
      /from '(@aws-sdk|@middy|node:(http|fs|net|child_process))/.test(readFileSync(join(root, file), 'utf8')),
    );
  expect(foreign).toEqual([]);
});

test('the environment is read by the hosts alone', () => {
  const readers = ['lambdas', 'lib']
    .flatMap(sources)
    .filter((file) => /process\.env\b/.test(readFileSync(join(root, file), 'utf8')));
  expect(readers.filter((file) => !['lambdas/aws', 'lambdas/local'].includes(roomOf(file)))).toEqual([]);
});

test('no file has grown over 400 lines', () => {
  const large = ['lambdas', 'lib', 'cli', 'bin']
    .flatMap(sources)
    .map((file) => ({ file, lines: readFileSync(join(root, file), 'utf8').split('\n').length - 1 }));
  expect(large.filter(({ lines }) => lines > 400)).toEqual([]);
});
