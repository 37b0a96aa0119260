import { expect, test } from '@jest/globals';
import { crc32 } from 'node:zlib';
import { zip } from '../../lambdas/domain/zip.ts';

/** Reads an archive as unzip does: from the directory at its end. */
function unzip(archive: Uint8Array): Record<string, string> {
  const bytes = Buffer.from(archive);
  const end = bytes.length - 22;
  expect(bytes.toString('latin1', end, end + 4)).toBe('PK\u0005\u0006');
  const found: Record<string, string> = {};
  let at = bytes.readUInt32LE(end + 16);
  for (let index = 0; index < bytes.readUInt16LE(end + 10); index += 1) {
    expect(bytes.toString('latin1', at, at + 4)).toBe('PK\u0001\u0002');
    const [method, time, date, crc, packed, size, length] = [
      bytes.readUInt16LE(at + 10),
      bytes.readUInt16LE(at + 12),
      bytes.readUInt16LE(at + 14),
      bytes.readUInt32LE(at + 16),
      bytes.readUInt32LE(at + 20),
      bytes.readUInt32LE(at + 24),
      bytes.readUInt16LE(at + 28),
    ];
    const name = bytes.toString('latin1', at + 46, at + 46 + length);
    const local = bytes.readUInt32LE(at + 42);
    expect(bytes.toString('latin1', local, local + 4)).toBe('PK\u0003\u0004');
    const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const content = bytes.subarray(start, start + size);
    expect([method, packed, crc, crc32(content)]).toEqual([0, size, bytes.readUInt32LE(local + 14), crc]);
    found[name] =
      `${content.toString()} ${1980 + (date >> 9)}-${(date >> 5) & 15}-${date & 31} ${time >> 11}:${(time >> 5) & 63}:${(time & 31) * 2}`;
    at += 46 + length;
  }
  expect(at).toBe(end);
  return found;
}

test('an archive holds its files, their sums and their time', () => {
  const files = [
    { name: 'a.txt', bytes: Buffer.from('123456789') },
    { name: 'folder/empty', bytes: new Uint8Array() },
  ];
  const archive = zip(files, Date.parse('2026-01-15T12:34:56Z'));
  expect(unzip(archive)).toEqual({
    'a.txt': '123456789 2026-1-15 12:34:56',
    'folder/empty': ' 2026-1-15 12:34:56',
  });
  expect(Buffer.from(archive).readUInt32LE(14)).toBe(0xcbf43926); // the check value of CRC-32
});

test('a time before 1980 is 1980', () =>
  expect(unzip(zip([{ name: 'a', bytes: Buffer.from('x') }], 0))).toEqual({ a: 'x 1980-1-1 0:0:0' }));
