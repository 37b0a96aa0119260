import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpResponse } from './message.ts';

/**
 * How much of a body that nobody wants is read: a client that is still sending reads its answer when it has
 * sent, and loses it if the connection is reset before that. Read bytes are dropped, so this costs no memory;
 * beyond it the sender is not believed to listen.
 */
export interface DrainLimits {
  readonly bytes: number;
  /** Milliseconds without a byte, and altogether. */
  readonly idle: number;
  readonly total: number;
}

const usualLimits: DrainLimits = { bytes: 64 * 1024 * 1024, idle: 5_000, total: 30_000 };

/**
 * Answers, be the request's body read or not. What is left of it is read and dropped, within bounds, and ends
 * the connection.
 */
export function answer(
  req: IncomingMessage,
  res: ServerResponse,
  { status, headers, body }: HttpResponse,
  limits = usualLimits,
): void {
  const length = Buffer.byteLength(body);
  if (req.complete) {
    res.writeHead(status, { ...headers, 'Content-Length': length }).end(body);
    return;
  }
  res.writeHead(status, { ...headers, 'Content-Length': length, Connection: 'close' });
  const { socket } = res;
  if (socket === null) {
    res.end(body); // the answer to an earlier request of this connection is to go first
    req.resume();
    return;
  }
  // Node would close the connection at once at the answer's end, and closing one with bytes that were not
  // read resets it. So the answer goes out whole and only our direction is closed.
  res.flushHeaders();
  res.write(body);
  socket.end();
  dropTheRest(req, () => socket.destroy(), limits);
}

/** @param over called once, when all has come, the sender has gone, or a limit is reached */
function dropTheRest(req: IncomingMessage, over: () => void, { bytes, idle, total }: DrainLimits): void {
  let dropped = 0;
  const done = (): void => {
    clearTimeout(silence);
    clearTimeout(end);
    over();
  };
  const silence = setTimeout(done, idle);
  const end = setTimeout(done, total);
  req
    .on('data', (chunk: Buffer) => {
      dropped += chunk.length;
      if (dropped > bytes) done();
      else silence.refresh();
    })
    .once('end', done)
    .once('close', done)
    .on('error', done);
  req.resume();
}
