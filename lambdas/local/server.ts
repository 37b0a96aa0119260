import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AccessDeniedError, ValidationError, type ServiceError } from '../contract/errors.ts';
import { answer } from '../http/early-answer.ts';
import { listener, type NodeHost } from '../http/node-http.ts';
import { refusal } from '../http/pipeline.ts';
import { refuseWebPages } from './visitors.ts';

export interface LocalServer {
  readonly url: string;
  /** Takes no more requests, and resolves when those that it took are answered. */
  close(): Promise<void>;
}

/** @param signed whether callers must sign, so that the host name is theirs to choose */
export async function listen(
  host: NodeHost,
  address: string,
  port: number,
  signed: boolean,
): Promise<LocalServer> {
  const serve = listener(host);
  // Node itself would refuse a request without a Host header in words of its own; `refuseWebPages` does it in
  // the service's.
  const server = createServer(
    { maxHeaderSize: 32 * 1024, requestTimeout: 60_000, headersTimeout: 20_000, requireHostHeader: false },
    (req, res) => {
      if (req.method === 'GET' && req.url === '/health') {
        res.writeHead(200, { 'Content-Type': 'application/json' }).end('{"status":"ok"}');
        return;
      }
      try {
        refuseWebPages(req.headers, signed);
      } catch (error) {
        if (!(error instanceof AccessDeniedError)) throw error;
        return turnAway(req, res, error);
      }
      serve(req, res);
    },
  );
  server.on('checkExpectation', (req, res) =>
    turnAway(req, res, new ValidationError('The Expect header may only be 100-continue.')),
  );
  server.on('clientError', (error: Error & { readonly rawPacket?: Buffer }, socket) => {
    if (!socket.writable) return void socket.destroy();
    const body =
      '{"__type":"com.amazonaws.lookoutvision#ValidationException","Message":"The request is not valid HTTP."}';
    const head = [
      'HTTP/1.1 400 Bad Request',
      'Content-Type: application/json',
      'x-amzn-ErrorType: ValidationException',
      `Content-Length: ${body.length}`,
      'Connection: close',
    ];
    socket.end(`${head.join('\r\n')}\r\n\r\n${isHead(error.rawPacket) ? '' : body}`);
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
        ? `Port ${port} of ${address} is in use. End what uses it, or set PORT to another one (0 takes one that is free).`
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
