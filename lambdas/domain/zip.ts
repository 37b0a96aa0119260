import { crc32 } from 'node:zlib';

export interface ZipFile {
  /** ASCII, with `/` between folders. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

const limit = 0xffff_ffff;

/**
 * A ZIP archive whose files are stored as they are: weights do not compress. The same files and time make the
 * same bytes. (PKWARE APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16; no ZIP64.)
 * @param time of every file, in epoch milliseconds; its UTC digits are written
 * @throws RangeError if the archive would have 4 GiB or more
 */
export function zip(files: readonly ZipFile[], time: number): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const { name, bytes } of files) {
    const encoded = Buffer.from(name, 'ascii');
    const facts = factsOf(bytes, encoded.length, time);
    directory.push(
      record(0x02014b50, 46, (put) => {
        put(4, 20, 2); // made by version 2.0, for DOS: no attributes follow
        facts.copy(put.buffer, 6);
        put(42, offset, 4);
      }),
      encoded,
    );
    const header = record(0x04034b50, 30, (put) => {
      facts.copy(put.buffer, 4);
    });
    parts.push(header, encoded, bytes);
    offset += header.length + encoded.length + bytes.length;
    if (offset > limit) throw new RangeError('an archive of 4 GiB or more cannot be written');
  }
  const directorySize = directory.reduce((sum, { length }) => sum + length, 0);
  const end = record(0x06054b50, 22, (put) => {
    put(8, files.length, 2);
    put(10, files.length, 2);
    put(12, directorySize, 4);
    put(16, offset, 4);
  });
  return Buffer.concat([...parts, ...directory, end]);
}

type Put = ((at: number, value: number, size: number) => void) & { readonly buffer: Buffer };

function record(signature: number, size: number, fill: (put: Put) => void): Buffer {
  const buffer = Buffer.alloc(size);
  buffer.writeUInt32LE(signature);
  fill(
    Object.assign(
      (at: number, value: number, bytes: number) => {
        buffer.writeUIntLE(value, at, bytes);
      },
      { buffer },
    ),
  );
  return buffer;
}

/**
 * The fields that a file's header and its entry in the directory share, from "version needed" to "extra field
 * length".
 */
function factsOf(bytes: Uint8Array, nameLength: number, time: number): Buffer {
  const at = new Date(time);
  const facts = Buffer.alloc(26);
  facts.writeUInt16LE(20, 0);
  facts.writeUInt16LE((at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1), 6);
  facts.writeUInt16LE(
    (Math.max(0, at.getUTCFullYear() - 1980) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate(),
    8,
  );
  facts.writeUInt32LE(crc32(bytes), 10);
  facts.writeUInt32LE(bytes.length, 14);
  facts.writeUInt32LE(bytes.length, 18);
  facts.writeUInt16LE(nameLength, 22);
  return facts;
}
