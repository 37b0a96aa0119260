import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { AccessDeniedError, type ServiceError } from '../contract/errors.ts';
import type { LogFields } from '../domain/ports.ts';
import { answer } from '../http/early-answer.ts';
import { listener, type NodeHost } from '../http/node-http.ts';
import { refusal } from '../http/pipeline.ts';
import { kindOf, rawRefusal, transportRefusal, type TransportError } from '../http/transport.ts';
import { refuseWebPages } from './visitors.ts';

export interface LocalServer {
  readonly url: string;
  /** Takes no more requests, and resolves when those that it took are answered. */
  close(): Promise<void>;
}

/** What Node tells of a request that its parser gave up. */
type ParserError = Error & {
  readonly code?: string;
  readonly reason?: string;
  readonly rawPacket?: Buffer;
};

/** Bytes of a request's line and headers. */
const headerBytes = 32 * 1024;

/** Connections that are open at once; each may have a few requests under way. */
const connections = 1000;

/** So many more are open as long as it takes to answer them why they are not served; others are closed. */
const answeredConnections = 100;

/**
 * Milliseconds without a byte in either direction after which a connection is closed: no call takes longer.
 */
const idle = 300_000;

/** What serves requests that are for another service on the same port. */
export interface OtherService {
  claims(req: IncomingMessage): boolean;
  serve(req: IncomingMessage, res: ServerResponse): void;
  /** Of a service whose refusals are its own; others get the API's. */
  refuse?(req: IncomingMessage, res: ServerResponse, error: ServiceError): void;
}

/**
 * @param signed whether callers must sign, so that the host name is theirs to choose
 * @param health what `GET /health` answers: 200 where its status is `ok`, else 503
 * @param most connections that are open at once: those that are served, and those that only read why they are
 *   not
 * @param s3 S3, on the same port
 * @param console the web console, on the same port
 */
export async function listen(
  host: NodeHost,
  address: string,
  port: number,
  signed: boolean,
  health: () => Promise<{ readonly status: string }> = () => Promise.resolve({ status: 'ok' }),
  most = { served: connections, answered: answeredConnections },
  s3?: OtherService,
  console?: OtherService,
): Promise<LocalServer> {
  const serve = listener(host);
  const refused = (kind: TransportError, fields: LogFields = {}): void =>
    host.log.event('transport.refused', { kind, ...fields });
  // Node itself would refuse a request without a Host header in words of its own; `refuseWebPages` does it in
  // the service's. No limit on the whole time: a picture of many MB over a slow line arrives in the end, and
  // the listener ends a body of which nothing comes.
  const surplus = new WeakSet<Socket>();
  const server = createServer(
    { maxHeaderSize: headerBytes, requestTimeout: 0, headersTimeout: 20_000, requireHostHeader: false },
    (req, res) => {
      // Before anything is done: who reads 429 must be able to rely on it that nothing was.
      if (surplus.has(req.socket)) {
        res.shouldKeepAlive = false;
        return answer(req, res, transportRefusal('tooManyConnections'));
      }
      const opens = console?.claims(req) === true;
      const isS3 = !opens && s3?.claims(req) === true;
      if (!isS3 && req.method === 'GET' && req.url === '/health') {
        void health().then((report) =>
          res
            .writeHead(report.status === 'ok' ? 200 : 503, { 'Content-Type': 'application/json' })
            .end(JSON.stringify(report)),
        );
        return;
      }
      try {
        refuseWebPages(req.headers, signed, opens);
      } catch (error) {
        if (!(error instanceof AccessDeniedError)) throw error;
        return isS3 && s3.refuse !== undefined ? s3.refuse(req, res, error) : turnAway(req, res, error);
      }
      if (opens) console.serve(req, res);
      else if (isS3) s3.serve(req, res);
      else serve(req, res);
    },
  );
  let open = 0;
  server.on('connection', (socket) => {
    open += 1;
    socket.once('close', () => (open -= 1));
    if (open <= most.served) return;
    surplus.add(socket);
    refused('tooManyConnections', { open });
  });
  server.maxConnections = most.served + most.answered;
  server.timeout = idle;
  server.on('checkExpectation', (req, res) => {
    refused('expectation');
    answer(req, res, transportRefusal('expectation'));
  });
  server.on('connect', (_req, socket) => {
    refused('tunnel');
    socket.on('error', () => undefined).end(rawRefusal('tunnel'));
  });
  server.on('clientError', (error: ParserError, socket) => {
    if (!socket.writable) return void socket.destroy();
    const kind = kindOf(error);
    if (error.code !== 'ECONNRESET') refused(kind, { parser: error.code });
    socket.end(rawRefusal(kind, !isHead(error.rawPacket)));
  });
  await bind(server, port, address);
  return { url: urlOf(server, address), close: () => shut(server) };
}

/** An answer to HEAD has no body; a client would take one for the answer to its next request. */
const isHead = (packet: Buffer | undefined): boolean => packet?.subarray(0, 5).toString('latin1') === 'HEAD ';

const turnAway = (req: IncomingMessage, res: ServerResponse, error: ServiceError): void =>
  answer(req, res, refusal(error, 'refused-at-the-door'));

/** @throws Error that names the setting to change */
async function bind(server: Server, port: number, address: string): Promise<void> {
  server.listen(port, address);
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(
      code === 'EADDRINUSE'
        ? `Port ${port} of ${address} is in use. End what uses it, or set PORT to another one (0 takes one ` +
            'that is free).'
        : `The host cannot listen on port ${port} of ${address} (HOST, PORT): ${message}`,
      { cause: error },
    );
  }
}

function urlOf(server: Server, address: string): string {
  const { port } = server.address() as AddressInfo;
  return `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
}

async function shut(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  // those that are answered meanwhile would be kept open for the next request
  const idle = setInterval(() => server.closeIdleConnections(), 20);
  const impatient = setTimeout(() => server.closeAllConnections(), 5000);
  await closed;
  clearInterval(idle);
  clearTimeout(impatient);
}
