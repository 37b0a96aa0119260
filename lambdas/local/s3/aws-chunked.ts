import { createHash } from 'node:crypto';
import { S3Error } from './errors.ts';

/** Judges chunks in their order: each is signed over the one before. */
export interface ChunkVerifier {
  /** @throws S3Error SignatureDoesNotMatch */
  chunk(sha256: string, signature: string): void;
  /** @throws S3Error SignatureDoesNotMatch */
  trailer(sha256: string, signature: string): void;
}

/** Bytes of one line: a size and a signature, or a trailer's name and value. */
const longestLine = 1024;

/** Lines after the last chunk. */
const mostTrailers = 8;

const incomplete = (): S3Error =>
  new S3Error(
    'IncompleteBody',
    'The request body ended before its last chunk, or a chunk is not as announced.',
  );

/** Bytes as they come, given out by line and by number. */
class Incoming {
  readonly #source: AsyncIterator<Uint8Array>;
  #held: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  async #more(): Promise<boolean> {
    const next = await this.#source.next();
    if (next.done === true) return false;
    // Little is held when more is wanted: less than a line.
    this.#held = Buffer.concat([this.#held, next.value]);
    return true;
  }

  /** @throws S3Error IncompleteBody if no line ends within what a line may have */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#held.indexOf('\r\n');
      if (end > longestLine || (end < 0 && this.#held.length > longestLine)) throw incomplete();
      if (end >= 0) {
        const line = this.#held.toString('latin1', 0, end);
        this.#held = this.#held.subarray(end + 2);
        return line;
      }
      if (!(await this.#more())) throw incomplete();
    }
  }

  async *bytes(count: number): AsyncGenerator<Buffer> {
    for (let left = count; left > 0;) {
      if (this.#held.length === 0 && !(await this.#more())) throw incomplete();
      const piece = this.#held.subarray(0, left);
      this.#held = this.#held.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  async atEnd(): Promise<boolean> {
    return this.#held.length === 0 && !(await this.#more());
  }
}

/**
 * Takes a body apart that is sent as `aws-chunked`:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html.
 * @param verifier judges the signatures of the chunks, where they must be signed
 * @param trailers what came after the last chunk is put here, by lower-case name
 * @throws S3Error IncompleteBody where the framing is wrong; SignatureDoesNotMatch
 */
export async function* decodeChunks(
  source: AsyncIterable<Uint8Array>,
  trailers: Map<string, string>,
  verifier?: ChunkVerifier,
): AsyncGenerator<Uint8Array> {
  const incoming = new Incoming(source);
  for (;;) {
    const [, digits, signature] =
      /^([0-9a-fA-F]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(await incoming.line()) ?? [];
    if (digits === undefined) throw incomplete();
    const size = Number.parseInt(digits, 16);
    const hash = createHash('sha256');
    for await (const piece of incoming.bytes(size)) {
      if (verifier !== undefined) hash.update(piece);
      yield piece;
    }
    verifier?.chunk(hash.digest('hex'), signature ?? '');
    if (size === 0) break;
    if ((await incoming.line()) !== '') throw incomplete();
  }
  await readTrailers(incoming, trailers, verifier);
  if (!(await incoming.atEnd())) throw incomplete();
}

async function readTrailers(
  incoming: Incoming,
  trailers: Map<string, string>,
  verifier: ChunkVerifier | undefined,
): Promise<void> {
  const signed = createHash('sha256');
  let signature: string | undefined;
  for (let line = await incoming.line(); line !== ''; line = await incoming.line()) {
    const [, name = '', value = ''] = /^([A-Za-z0-9-]+):\s*(.*?)\s*$/.exec(line) ?? [];
    if (name === '' || trailers.size >= mostTrailers) throw incomplete();
    if (name.toLowerCase() === 'x-amz-trailer-signature') {
      signature = value;
      continue;
    }
    trailers.set(name.toLowerCase(), value);
    signed.update(`${name.toLowerCase()}:${value}\n`);
  }
  if (trailers.size > 0) verifier?.trailer(signed.digest('hex'), signature ?? '');
}
