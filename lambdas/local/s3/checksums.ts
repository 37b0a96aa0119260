import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/**
 * What S3 checks and keeps beside an object:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html.
 */
export const checksumNames = ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'] as const;
export type ChecksumName = (typeof checksumNames)[number];

export interface RunningChecksum {
  update(bytes: Uint8Array): void;
  /** In base64. */
  digest(): string;
}

export function runningChecksum(name: ChecksumName): RunningChecksum {
  if (name === 'crc32') return crc32Sum();
  if (name === 'crc32c') return crc32cSum();
  if (name === 'crc64nvme') return crc64Sum();
  const hash = createHash(name);
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('base64') };
}

function crc32Sum(): RunningChecksum {
  let sum = 0;
  return {
    update: (bytes) => {
      sum = crc32(bytes, sum);
    },
    digest: () => word(sum).toString('base64'),
  };
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** Castagnoli's polynomial, reflected (RFC 3720, 12.1). */
const castagnoli = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value;
});

function crc32cSum(): RunningChecksum {
  let sum = 0xffffffff;
  return {
    update: (bytes) => {
      for (const byte of bytes) sum = (castagnoli[(sum ^ byte) & 255] ?? 0) ^ (sum >>> 8);
    },
    digest: () => word(sum ^ 0xffffffff).toString('base64'),
  };
}

/** NVM Express's CRC-64, reflected, as pairs of 32 bits: numbers are ten times as fast as big integers. */
const nvme = Array.from({ length: 256 }, (_, index) => {
  let value = BigInt(index);
  for (let bit = 0; bit < 8; bit += 1) value = value & 1n ? (value >> 1n) ^ 0x9a6c9329ac4bc9b5n : value >> 1n;
  return value;
});
const nvmeHigh = Uint32Array.from(nvme, (value) => Number(value >> 32n));
const nvmeLow = Uint32Array.from(nvme, (value) => Number(value & 0xffffffffn));

function crc64Sum(): RunningChecksum {
  let [high, low] = [0xffffffff, 0xffffffff];
  return {
    update: (bytes) => {
      for (const byte of bytes) {
        const index = (low ^ byte) & 255;
        low = ((low >>> 8) | (high << 24)) ^ (nvmeLow[index] ?? 0);
        high = (high >>> 8) ^ (nvmeHigh[index] ?? 0);
      }
    },
    digest: () => Buffer.concat([word(high ^ 0xffffffff), word(low ^ 0xffffffff)]).toString('base64'),
  };
}
