import { BadLine } from './manifest.ts';

export interface Line {
  readonly text: string;
  /** From 1 on, as an editor counts. */
  readonly number: number;
  /** Where the next line begins, in bytes: reading can go on there, another time. */
  readonly end: number;
}

/**
 * Nothing that could be an entry is longer, in bytes; what a reader holds is bounded by it, whatever it is
 * given.
 */
const longestLine = 64 * 1024;

const newline = 0x0a;

/**
 * The lines of a text that arrives in pieces, without their ends. A last line needs none; a byte order mark
 * is dropped.
 * @param from where the pieces begin in the whole, and how many lines are before them
 * @throws BadLineAt for a line that is too long or is not UTF-8
 */
export async function* readLines(
  pieces: AsyncIterable<Uint8Array>,
  from: { readonly offset: number; readonly lines: number },
): AsyncGenerator<Line> {
  let { offset, lines: number } = from;
  let held: Uint8Array[] = [];
  let size = 0;
  const line = (end: number): Line => {
    number += 1;
    const bytes = Buffer.concat(held, size);
    held = [];
    size = 0;
    return { text: decode(bytes, number), number, end };
  };
  for await (const piece of pieces) {
    let start = 0;
    for (let at = piece.indexOf(newline); at >= 0; at = piece.indexOf(newline, start)) {
      hold(piece.subarray(start, at));
      start = at + 1;
      yield line(offset + start);
    }
    hold(piece.subarray(start));
    offset += piece.length;
  }
  if (size > 0) yield line(offset);

  function hold(bytes: Uint8Array): void {
    size += bytes.length;
    if (size > longestLine) throw new BadLineAt(number + 1, `it has more than ${longestLine} bytes`);
    if (bytes.length > 0) held.push(bytes);
  }
}

/** A bad line, and which one it is. */
export class BadLineAt extends Error {
  override readonly name = 'BadLineAt';
  constructor(number: number, reason: string) {
    super(`Line ${number}: ${reason}.`);
  }
}

/** @throws BadLineAt instead of BadLine */
export function atLine<T>(number: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof BadLine ? new BadLineAt(number, error.message) : error;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array, number: number): string {
  try {
    return utf8
      .decode(bytes)
      .replace(/^\uFEFF/, '')
      .trim();
  } catch {
    throw new BadLineAt(number, 'it is not UTF-8');
  }
}
