import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { decodeChunks, type ChunkVerifier } from './aws-chunked.ts';
import { checksumNames, runningChecksum, type ChecksumName } from './checksums.ts';
import { S3Error } from './errors.ts';
import type { Checksum } from './records.ts';
import type { S3Request } from './request.ts';

/** The most that one request brings, in bytes: as in S3. */
const largestBody = 5 * 1024 ** 3;

/** How a body may be sent in chunks: all but the first with signatures in them. */
const streaming = [
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
];

/** What is known of a body when it has come. */
export interface Received {
  readonly size: number;
  /** In hexadecimal. */
  readonly md5: string;
  readonly checksum?: Checksum;
}

/**
 * A body that is judged while it is read: whoever reads to the end knows that it is the one that was meant.
 */
export class Body {
  readonly #message: IncomingMessage;
  readonly #headers: S3Request['headers'];
  readonly #chunks: ChunkVerifier | undefined;
  readonly #silence: number;
  readonly #limit: number;

  /**
   * @param chunks judges the signatures in the body, where there must be some
   * @param silence milliseconds without a byte after which no more is believed to come
   * @param limit bytes
   */
  constructor(
    message: IncomingMessage,
    { headers }: S3Request,
    chunks: ChunkVerifier | undefined,
    silence: number,
    limit = largestBody,
  ) {
    this.#message = message;
    this.#headers = headers;
    this.#chunks = chunks;
    this.#silence = silence;
    this.#limit = limit;
  }

  /** @throws S3Error whatever the body lacks, and what `take` throws */
  async read(take: (bytes: Uint8Array) => Promise<unknown>): Promise<Received> {
    const payload = this.#headers['x-amz-content-sha256'] ?? 'UNSIGNED-PAYLOAD';
    const isChunked = streaming.includes(payload);
    if (!isChunked && !/^(?:UNSIGNED-PAYLOAD|[0-9a-f]{64})$/.test(payload))
      throw new S3Error('InvalidArgument', 'x-amz-content-sha256 is none that this host knows.');
    const announced = this.#announced(isChunked);
    const wanted = this.#checksumName();
    const trailers = new Map<string, string>();
    const [md5, sha256] = [createHash('md5'), createHash('sha256')];
    const sum = wanted === undefined ? undefined : runningChecksum(wanted);
    let size = 0;
    const source = arriving(this.#message, this.#silence);
    for await (const bytes of isChunked ? decodeChunks(source, trailers, this.#chunks) : source) {
      size += bytes.length;
      if (size > Math.min(this.#limit, announced ?? Infinity))
        throw size > this.#limit ? this.#tooLarge() : wrongLength();
      md5.update(bytes);
      if (payload.length === 64) sha256.update(bytes);
      sum?.update(bytes);
      await take(bytes);
    }
    if (announced !== undefined && size !== announced) throw wrongLength();
    if (payload.length === 64 && sha256.digest('hex') !== payload)
      throw new S3Error(
        'XAmzContentSHA256Mismatch',
        'The provided x-amz-content-sha256 header does not match what was computed.',
      );
    const [digest, value] = [md5.digest(), sum?.digest()];
    this.#checkDigest(digest);
    if (wanted === undefined || value === undefined) return { size, md5: digest.toString('hex') };
    this.#checkSum(wanted, value, trailers);
    return { size, md5: digest.toString('hex'), checksum: { name: wanted, value } };
  }

  /** Reads it into a file, piece by piece. */
  into(file: FileHandle): Promise<Received> {
    return this.read((bytes) => file.writeFile(bytes));
  }

  #announced(isChunked: boolean): number | undefined {
    const text = this.#headers[isChunked ? 'x-amz-decoded-content-length' : 'content-length'];
    if (text === undefined && !isChunked) return undefined;
    if (text === undefined || !/^\d{1,15}$/.test(text))
      throw new S3Error('InvalidArgument', 'x-amz-decoded-content-length must be the number of bytes.');
    if (Number(text) > this.#limit) throw this.#tooLarge();
    return Number(text);
  }

  #tooLarge(): S3Error {
    return new S3Error('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size.', {
      MaxSizeAllowed: String(this.#limit),
    });
  }

  /** The checksum that the client sends, or that it wants to be kept. */
  #checksumName(): ChecksumName | undefined {
    const trailer = (this.#headers['x-amz-trailer'] ?? '').toLowerCase();
    const named = checksumNames.filter(
      (name) => this.#headers[`x-amz-checksum-${name}`] !== undefined || trailer === `x-amz-checksum-${name}`,
    );
    if (named.length > 1)
      throw new S3Error('InvalidRequest', 'Expecting a single x-amz-checksum- header. Multiple found.');
    if (trailer !== '' && named.length === 0)
      throw new S3Error('InvalidRequest', 'x-amz-trailer must name one x-amz-checksum- header.');
    const asked = (
      this.#headers['x-amz-sdk-checksum-algorithm'] ??
      this.#headers['x-amz-checksum-algorithm'] ??
      ''
    ).toLowerCase();
    return named[0] ?? checksumNames.find((name) => name === asked);
  }

  #checkSum(name: ChecksumName, computed: string, trailers: ReadonlyMap<string, string>): void {
    const header = `x-amz-checksum-${name}`;
    const inTrailer = this.#headers['x-amz-trailer'] !== undefined;
    const sent = inTrailer ? trailers.get(header) : this.#headers[header];
    if (sent === undefined && inTrailer)
      throw new S3Error('IncompleteBody', `The trailer ${header} was announced and did not come.`);
    if (sent === undefined || sent === computed) return;
    throw new S3Error(
      'BadDigest',
      `The ${name.toUpperCase()} you specified did not match the calculated checksum.`,
    );
  }

  #checkDigest(md5: Buffer): void {
    const sent = this.#headers['content-md5'];
    if (sent === undefined) return;
    if (Buffer.from(sent, 'base64').length !== 16)
      throw new S3Error('InvalidDigest', 'The Content-MD5 you specified is not valid.');
    if (!Buffer.from(sent, 'base64').equals(md5))
      throw new S3Error('BadDigest', 'The Content-MD5 you specified did not match what we received.');
  }
}

const wrongLength = (): S3Error =>
  new S3Error(
    'IncompleteBody',
    'You did not provide the number of bytes specified by the Content-Length HTTP header.',
  );

/** @throws S3Error RequestTimeout. What was not read stays in the message, for whoever answers to drop. */
async function* arriving(message: IncomingMessage, silence: number): AsyncGenerator<Uint8Array> {
  const { promise: silent, reject } = Promise.withResolvers<never>();
  silent.catch(() => undefined); // nobody may be waiting any more
  const timer = setTimeout(
    () =>
      reject(
        new S3Error(
          'RequestTimeout',
          'Your socket connection to the server was not read from or written to within the timeout period.',
        ),
      ),
    silence,
  );
  const pieces = message.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array>;
  try {
    for (;;) {
      const next = await Promise.race([pieces.next(), silent]);
      if (next.done === true) return;
      timer.refresh();
      yield next.value;
    }
  } finally {
    clearTimeout(timer);
    void pieces.return?.();
  }
}
