import { connect } from 'node:net';
import type { Chance } from '../random.ts';

const start = 'POST /2020-11-20/projects/parts/models/1/start HTTP/1.1\r\nHost: 127.0.0.1\r\n';

/** What no HTTP library would send. */
const oddities: readonly ((chance: Chance) => string | Buffer)[] = [
  () => 'GET / HTTP/1.1\r\n\r\n',
  () => 'GET /2020-11-20/projects HTTP/1.0\r\n\r\n',
  () => 'GET /2020-11-20/projects\r\n',
  () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  () => '\u0016\u0003\u0001\u0002\u0000\u0001',
  () => 'OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
  () => 'CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
  () => 'TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n',
  () => 'GET http://evil.example/2020-11-20/projects HTTP/1.1\r\nHost: evil.example\r\n\r\n',
  () => 'GET //2020-11-20//projects HTTP/1.1\r\nHost: localhost\r\n\r\n',
  () => `${start}Upgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 2\r\n\r\n{}`,
  () => `${start}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}`,
  () => `${start}Expect: the-unexpected\r\nContent-Length: 2\r\n\r\n{}`,
  () => `${start}Content-Length: 10\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n`,
  () => `${start}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`,
  () => `${start}Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{}`,
  () => `${start}Transfer-Encoding: xchunked\r\n\r\n{}`,
  () => `${start}Content-Length: -1\r\n\r\n{}`,
  () => `${start}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`,
  () => `${start}Content-Length: 99999999999999999999\r\n\r\n{}`,
  () => `${start}Content-Length: 9000000\r\n\r\n{`,
  () => `${start}Content-Length: 100\r\n\r\n{"MinInf`,
  () => `${start}X: a\r\n b\r\nContent-Length: 2\r\n\r\n{}`,
  () => `${start}X-Null: a\u0000b\r\nContent-Length: 2\r\n\r\n{}`,
  () => `${start}Host: evil.example\r\nContent-Length: 2\r\n\r\n{}`,
  () => `${start}: empty\r\nContent-Length: 2\r\n\r\n{}`,
  () => `${start.replaceAll('\r\n', '\n')}Content-Length: 2\n\n{}`,
  (chance) =>
    `${start}${Array.from({ length: 600 + chance.below(800) }, (_, index) => `h${index}: ${'v'.repeat(40)}`).join('\r\n')}\r\n\r\n`,
  () => `${start}X: ${'y'.repeat(60_000)}\r\n\r\n`,
  () => `GET /${'a'.repeat(60_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
  () => `${start}Connection: keep-alive\r\nContent-Length: 2\r\n\r\n{}${start}Content-Length: 2\r\n\r\n{}`,
  (chance) => Buffer.from(Array.from({ length: 200 }, () => chance.below(256))),
  () =>
    `${start}x-amzn-client-token: a\r\nx-amzn-client-token: b\r\nContent-Length: 23\r\n\r\n{"MinInferenceUnits":1}`,
  () => `${start}Origin: null\r\nContent-Length: 2\r\n\r\n{}`,
  () =>
    `${start}Connection: close\r\nTrailer: X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: y\r\n\r\n`,
];

export function rawRequest(chance: Chance): Buffer {
  const bytes = Buffer.from(chance.of(oddities)(chance));
  const mutated = Buffer.from(bytes);
  if (chance() < 0.5)
    for (let flips = chance.below(4); flips > 0; flips -= 1)
      mutated[chance.below(mutated.length)] = chance.below(256);
  return chance() < 0.2 ? mutated.subarray(0, chance.below(mutated.length)) : mutated;
}

/**
 * Sends bytes, says that no more will come, and takes what is answered until the host closes. @returns
 * undefined if it never did
 */
export function sendRaw(port: number, bytes: Buffer): Promise<string | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => socket.end(bytes));
    const impatient = setTimeout(() => {
      socket.destroy();
      resolve(undefined);
    }, 8000);
    socket
      .on('data', (chunk) => chunks.push(chunk))
      .on('error', () => undefined)
      .on('close', () => {
        clearTimeout(impatient);
        resolve(Buffer.concat(chunks).toString('latin1'));
      });
  });
}

/** @returns what is wrong with an answer to such bytes */
export function wrongRaw(answer: string | undefined): string | undefined {
  if (answer === undefined) return 'the connection was kept open for nothing';
  if (answer === '') return undefined;
  for (const [, code = ''] of answer.matchAll(/^HTTP\/1\.1 (\d{3})/gm))
    if (!/^(1|2|4)/.test(code)) return `it was answered ${code}`;
  const body = answer.slice(answer.lastIndexOf('\r\n\r\n') + 4);
  const last = [...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].at(-1)?.[1] ?? '';
  if (!/^HTTP\/1\.1 \d{3}/.test(answer)) return 'the answer is no HTTP';
  return last.startsWith('4') && !body.startsWith('{"__type":')
    ? `${last} has no type: ${answer.slice(0, 300)}`
    : undefined;
}
