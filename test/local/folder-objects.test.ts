import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { LocationRefused, type ObjectStore } from '../../lambdas/domain/ports.ts';
import { createFolderObjects } from '../../lambdas/local/folder-objects.ts';

let base: string;
let root: string;
let objects: ObjectStore;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'crowsnest-objects-'));
  root = join(base, 's3');
  objects = createFolderObjects(root);
});
afterEach(() => rm(base, { recursive: true, force: true }));

const text = async (bucket: string, key: string): Promise<string | undefined> => {
  const bytes = await objects.read({ bucket, key });
  return bytes === undefined ? undefined : Buffer.from(bytes).toString();
};
const write = (bucket: string, key: string, content: string): Promise<void> =>
  objects.write({ bucket, key }, Buffer.from(content));

describe('objects in a folder', () => {
  test('are files below a folder per bucket, replaced whole, with nothing left beside them', async () => {
    await write('photos', 'line 1/a=b/ä.png', 'first');
    await write('photos', 'line 1/a=b/ä.png', 'second');
    expect(await text('photos', 'line 1/a=b/ä.png')).toBe('second');
    expect(await readFile(join(root, 'photos', 'line 1', 'a=b', 'ä.png'), 'utf8')).toBe('second');
    expect(await readdir(join(root, '.partial'))).toEqual([]);
  });

  test('are not there, rather than in error, where there is none, or a folder, or a file in the way', async () => {
    expect(await text('photos', 'none')).toBeUndefined();
    await write('photos', 'a/b', 'x');
    expect(await text('photos', 'a')).toBeUndefined();
    expect(await text('photos', 'a/b/c')).toBeUndefined();
    await objects.removeAll('photos', 'none/');
    await objects.removeAll('nobucket', '');
  });

  test('are files alone: nobody waits for a pipe', async () => {
    await write('photos', 'a', 'x');
    execFileSync('mkfifo', [join(root, 'photos', 'pipe')]);
    expect(await text('photos', 'pipe')).toBeUndefined();
    expect(await objects.stream({ bucket: 'photos', key: 'pipe' })).toBeUndefined();
  });

  test('are removed by what their keys begin with', async () => {
    for (const key of ['m/1-a/x', 'm/1-a/y', 'm/1-b/x', 'm/11-a/x', 'other']) await write('kept', key, key);
    await objects.removeAll('kept', 'm/1-a/');
    expect(await text('kept', 'm/1-a/x')).toBeUndefined();
    expect(await text('kept', 'm/1-b/x')).toBe('m/1-b/x');
    await objects.removeAll('kept', 'm/1-');
    expect(await text('kept', 'm/1-b/x')).toBeUndefined();
    expect(await text('kept', 'm/11-a/x')).toBe('m/11-a/x');
    await objects.removeAll('kept', '');
    expect(await text('kept', 'other')).toBeUndefined();
  });
});

describe('a stream', () => {
  const whole = async (bytes: AsyncIterable<Uint8Array>): Promise<string> => {
    let content = '';
    for await (const piece of bytes) content += Buffer.from(piece).toString('latin1');
    return content;
  };
  const read = async (key: string, from?: number): Promise<string | undefined> => {
    const found = await objects.stream({ bucket: 'photos', key }, from);
    return found && whole(found.bytes);
  };

  test('gives an object of any size from any place on, in pieces', async () => {
    const content = 'x'.repeat(200_000) + 'end';
    await write('photos', 'large', content);
    expect(await read('large')).toBe(content);
    expect(await read('large', 199_999)).toBe('xend');
    expect(await read('large', 300_000)).toBe('');
    await write('photos', 'folder/object', '');
    expect(await read('folder/object')).toBe('');
    expect([await read('none'), await read('folder'), await read('large/x')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('has another tag when the object was replaced', async () => {
    await write('photos', 'm', 'first');
    const first = await objects.stream({ bucket: 'photos', key: 'm' });
    if (first === undefined) throw new Error('it is there');
    const same = await objects.stream({ bucket: 'photos', key: 'm' }, 3);
    await write('photos', 'm', 'again');
    expect(same?.tag).toBe(first.tag);
    expect((await objects.stream({ bucket: 'photos', key: 'm' }))?.tag).not.toBe(first.tag);
    await expect(whole(first.bytes)).rejects.toThrow('was replaced just now');
  });

  test('is refused for a version, of which a folder keeps none, and outside', async () => {
    await expect(objects.stream({ bucket: 'photos', key: 'm', versionId: 'abc' })).rejects.toThrow(
      LocationRefused,
    );
    await expect(objects.stream({ bucket: 'photos', key: '../m' })).rejects.toThrow(LocationRefused);
  });
});

describe('a location is refused', () => {
  test.each([
    ['photos', '../secret', 'no part of a key may be empty, "." or ".."'],
    ['photos', 'a/../../secret', 'no part of a key may be'],
    ['photos', '/etc/passwd', 'no part of a key may be empty'],
    ['photos', 'a//b', 'no part of a key may be empty'],
    ['photos', '', 'no part of a key may be empty'],
    ['photos', 'a\\..\\b', 'neither backslashes nor control characters'],
    ['photos', 'a\0b', 'neither backslashes nor control characters'],
    ['photos', 'x'.repeat(256), 'more than 255 bytes'],
    ['..', 'secret', "a bucket's name has"],
    ['.partial', 'x', "a bucket's name has"],
    ['a/b', 'x', "a bucket's name has"],
    ['', 'x', "a bucket's name has"],
  ])('for the names s3://%s/%s', async (bucket, key, rule) => {
    await writeFile(join(base, 'secret'), 'secret');
    for (const call of [objects.read({ bucket, key }), write(bucket, key, 'x')]) {
      const error = await call.catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(LocationRefused);
      expect((error as Error).message).toContain(`s3://${bucket}/${key}: `);
      expect((error as Error).message).toContain(rule);
    }
    expect(await readFile(join(base, 'secret'), 'utf8')).toBe('secret');
  });

  test('where a symbolic link leads out, for reading, writing and removing; links within are followed', async () => {
    await mkdir(join(base, 'outside'));
    await writeFile(join(base, 'outside', 'secret'), 'secret');
    await write('photos', 'in/file', 'inside');
    await symlink(join(base, 'outside'), join(root, 'photos', 'out'));
    await symlink(join(base, 'outside', 'secret'), join(root, 'photos', 'leak'));
    await symlink(join(root, 'photos', 'in'), join(root, 'photos', 'also'));
    await symlink(join(base, 'outside'), join(root, 'linked'));
    const rule = 'a symbolic link leads out of the data folder';
    await expect(text('photos', 'out/secret')).rejects.toThrow(rule);
    await expect(text('photos', 'leak')).rejects.toThrow(rule);
    await expect(text('linked', 'secret')).rejects.toThrow(rule);
    await expect(write('photos', 'out/new/deep', 'x')).rejects.toThrow(rule);
    await expect(objects.removeAll('photos', 'out/')).rejects.toThrow(rule);
    await expect(objects.removeAll('linked', '')).rejects.toThrow(rule);
    expect(await readdir(join(base, 'outside'))).toEqual(['secret']);
    expect(await text('photos', 'also/file')).toBe('inside');

    // Removing a link removes the link, not what it leads to.
    await objects.removeAll('photos', '');
    expect(await readdir(join(base, 'outside'))).toEqual(['secret']);
  });

  test('where one key is a folder of another, which a folder cannot hold', async () => {
    await write('photos', 'a/b', 'x');
    await expect(write('photos', 'a', 'y')).rejects.toThrow(
      's3://photos/a: other objects are below this key',
    );
    await expect(write('photos', 'a/b/c', 'y')).rejects.toThrow(LocationRefused);
    expect(await readdir(join(root, '.partial'))).toEqual([]);
  });
});
