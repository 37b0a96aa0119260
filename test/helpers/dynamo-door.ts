import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestDynamo } from './dynamo.ts';

export interface Door {
  readonly url: string;
  close(): void;
}

/** Where others reach a test's DynamoDB: what its HTTP API takes and answers, and nothing more. */
export async function openDoor(dynamo: TestDynamo): Promise<Door> {
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => {
        const [, operation = ''] = String(req.headers['x-amz-target']).split('.');
        const request = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
        dynamo.call(operation, request).then(
          ({ status, body }) => {
            res.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body));
          },
          () => res.destroy(),
        );
      });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
