import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const root = resolve(fileURLToPath(new URL('..', import.meta.url)));

/**
 * Which rooms the code of a room may reach into. Everything may use packages and node; what is not here may
 * not be.
 */
const neighbours: Readonly<Record<string, readonly string[]>> = {
  'lambdas/contract': [],
  'lambdas/domain': ['lambdas/contract'],
  'lambdas/store': ['lambdas/contract', 'lambdas/domain'],
  'lambdas/hosting': ['lambdas/contract', 'lambdas/domain'],
  'lambdas/training': ['lambdas/contract', 'lambdas/domain', 'lambdas/hosting'],
  'lambdas/operations': ['lambdas/contract', 'lambdas/domain', 'lambdas/store', 'lambdas/hosting'],
  'lambdas/workflows': [
    'lambdas/contract',
    'lambdas/domain',
    'lambdas/store',
    'lambdas/hosting',
    'lambdas/training',
  ],
  'lambdas/http': ['lambdas/contract', 'lambdas/domain', 'lambdas/operations'],
  'lambdas/runtime': [
    'lambdas/contract',
    'lambdas/domain',
    'lambdas/store',
    'lambdas/hosting',
    'lambdas/training',
    'lambdas/operations',
    'lambdas/workflows',
    'lambdas/http',
  ],
  'lambdas/entry': [
    'lambdas/contract',
    'lambdas/domain',
    'lambdas/operations',
    'lambdas/workflows',
    'lambdas/http',
    'lambdas/runtime',
  ],
  'lambdas/local': [
    'lambdas/contract',
    'lambdas/domain',
    'lambdas/store',
    'lambdas/hosting',
    'lambdas/training',
    'lambdas/operations',
    'lambdas/workflows',
    'lambdas/http',
    'lambdas/runtime',
  ],
  // Synth time reads plain data of run time, never its code; run time never reads synth time.
  lib: ['lambdas/contract', 'lambdas/store', 'lambdas/workflows', 'lambdas/domain'],
  bin: ['lib', 'lambdas/local', 'lambdas/runtime', 'lambdas/contract', 'lambdas/domain'],
};

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.includes('node_modules'))
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

const all = ['lambdas', 'lib', 'bin'].flatMap(sources).flatMap(importsOf);

test('there is code to look at', () => expect(all.length).toBeGreaterThan(100));

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

test('only the local host, and what is started by hand, reaches into an embedded folder', () => {
  const strays = all.filter(
    ({ from, to }) =>
      to.includes('/embedded/') &&
      !from.includes('/embedded/') &&
      !['lambdas/local', 'bin'].includes(roomOf(from)),
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

test('the environment is read in one room', () => {
  const readers = ['lambdas', 'lib']
    .flatMap(sources)
    .filter((file) => /process\.env\b/.test(readFileSync(join(root, file), 'utf8')));
  expect(readers.filter((file) => roomOf(file) !== 'lambdas/runtime')).toEqual([]);
});

test('no file has grown over 250 lines', () => {
  const large = ['lambdas', 'lib', 'bin']
    .flatMap(sources)
    .map((file) => ({ file, lines: readFileSync(join(root, file), 'utf8').split('\n').length - 1 }));
  expect(large.filter(({ lines }) => lines > 250)).toEqual([]);
});
