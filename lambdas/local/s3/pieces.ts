import type { FileHandle } from 'node:fs/promises';
import type { Range } from './conditions.ts';

/** Bytes that are held while files are copied. */
const pieceSize = 1024 * 1024;

/** Copies bytes of a file to the end of another, and shows each piece before it is written. */
export async function copyPieces(
  source: FileHandle,
  target: FileHandle,
  { from, to }: Range,
  show: (bytes: Uint8Array) => void,
): Promise<void> {
  const buffer = Buffer.allocUnsafe(pieceSize);
  for (let position = from; position <= to;) {
    const most = Math.min(pieceSize, to - position + 1);
    const { bytesRead } = await source.read(buffer, 0, most, position);
    if (bytesRead === 0) return;
    show(buffer.subarray(0, bytesRead));
    await target.writeFile(buffer.subarray(0, bytesRead));
    position += bytesRead;
  }
}
