import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateTableCommand, DynamoDBClient, ResourceInUseException, ResourceNotFoundException, DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { tableSchema } from '../store/schema.ts';
import type { ChildRegister } from './children.ts';

export interface Database {
  readonly endpoint: string;
  close(): Promise<void>;
}

/** The binary of this platform, if npm could install one. */
export function databaseBinary(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve(`@dynoxide/${process.platform}-${process.arch}/dynoxide`);
  } catch {
    return undefined;
  }
}

/**
 * Starts the embedded DynamoDB on a free port of 127.0.0.1.
 * @param file where it keeps its rows; in memory if not given
 * @throws Error with what to do, if there is no binary for this platform or it does not come up
 */
export async function startDatabase(file: string | undefined, children: ChildRegister): Promise<Database> {
  const binary = databaseBinary();
  if (binary === undefined) {
    throw new Error(`There is no embedded DynamoDB for ${process.platform}-${process.arch}. Point DYNAMODB_ENDPOINT at another one (DynamoDB Local, say).`);
  }
  const port = await freePort();
  const child = spawn(binary, ['serve', '--host', '127.0.0.1', '--port', String(port), ...(file === undefined ? [] : ['--db-path', file])], { stdio: ['ignore', 'ignore', 'pipe'] });
  const errors: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => { errors.push(text); if (errors.length > 50) errors.shift(); });
  if (child.pid !== undefined) children.register(child.pid);
  const endpoint = `http://127.0.0.1:${port}`;
  try {
    await answering(endpoint, child);
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error(`The embedded DynamoDB did not start: ${errors.join('').trim() || String(error)}`, { cause: error });
  }
  return {
    endpoint,
    close: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        const gone = once(child, 'exit');
        child.kill('SIGTERM');
        await gone;
      }
      if (child.pid !== undefined) children.unregister(child.pid);
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function answering(endpoint: string, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt += 1) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('it exited');
    try {
      await fetch(endpoint, { method: 'POST', body: '{}', headers: { 'x-amz-target': 'DynamoDB_20120810.ListTables' } });
      return;
    } catch {
      await sleep(10);
    }
  }
  throw new Error('it did not answer within five seconds');
}

/** A client whose credentials mean nothing: the embedded table listens to this machine only. */
export function documentClient(endpoint: string): DynamoDBDocumentClient {
  const client = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } });
  return DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
}

/** Makes the table if it is not there. */
export async function ensureTable(client: DynamoDBDocumentClient, name: string, schema: object = tableSchema): Promise<void> {
  try {
    await client.send(new DescribeTableCommand({ TableName: name }) as never);
  } catch (error) {
    if (!(error instanceof ResourceNotFoundException)) throw error;
    try {
      await client.send(new CreateTableCommand({ TableName: name, ...schema }) as never);
    } catch (again) {
      if (!(again instanceof ResourceInUseException)) throw again;
    }
  }
}
