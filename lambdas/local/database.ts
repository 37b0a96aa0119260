import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateTableCommand,
  DynamoDBClient,
  ResourceInUseException,
  ResourceNotFoundException,
  DescribeTableCommand,
} from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { tableSchema } from '../store/schema.ts';
import type { ChildRegister } from './children.ts';

export interface Database {
  readonly endpoint: string;
  close(): Promise<void>;
}

/** What becomes of a database that ends without being told to. Without this it stays ended. */
export interface Recovery {
  readonly restarted: (how: string) => void;
  /** It ends again and again, or does not come up any more. */
  readonly lost: (error: Error) => void;
}

/** So often in a minute the database is started again. */
const restarts = 5;

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
export async function startDatabase(
  file: string | undefined,
  children: ChildRegister,
  recovery?: Recovery,
): Promise<Database> {
  const binary = databaseBinary();
  if (binary === undefined) {
    throw new Error(
      `There is no embedded DynamoDB for ${process.platform}-${process.arch}. Point DYNAMODB_ENDPOINT at another one (DynamoDB Local, say).`,
    );
  }
  let port = await freePort();
  const launch = (): Promise<ChildProcess> => launched(binary, port, file, children);
  let closing = false;
  let child = await launch().catch(async (error: unknown) => {
    if (!String(error).includes('in use')) throw error;
    port = await freePort(); // somebody took it since we looked
    return launch();
  });
  let coming = Promise.resolve();
  const ends: number[] = [];
  const keep = (): void => {
    child.once('exit', (code, signal) => {
      if (!closing && recovery !== undefined)
        coming = again(signal ?? `exit code ${code ?? 'unknown'}`, recovery);
    });
  };
  const again = async (how: string, { restarted, lost }: Recovery): Promise<void> => {
    ends.push(Date.now());
    if (ends.filter((at) => at > Date.now() - 60_000).length > restarts) {
      lost(
        new Error(
          `The embedded DynamoDB ended ${restarts + 1} times within a minute, the last time by ${how}.`,
        ),
      );
      return;
    }
    try {
      child = await launch();
    } catch (error) {
      return closing ? undefined : again((error as Error).message, { restarted, lost });
    }
    keep();
    restarted(how);
  };
  keep();
  return {
    endpoint: `http://127.0.0.1:${port}`,
    close: async () => {
      closing = true;
      await coming;
      await ended(child);
    },
  };
}

/** @returns the process, once it serves */
async function launched(
  binary: string,
  port: number,
  file: string | undefined,
  children: ChildRegister,
): Promise<ChildProcess> {
  const child = spawn(
    binary,
    [
      'serve',
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
      ...(file === undefined ? [] : ['--db-path', file]),
    ],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true, // not in the terminal's group: Ctrl-C is for the host, which still needs its rows then
    },
  );
  const { pid } = child;
  const endWithHost = (): void => void child.kill('SIGKILL');
  process.once('exit', endWithHost);
  child.once('exit', () => {
    process.off('exit', endWithHost);
    if (pid !== undefined) children.unregister(pid);
  });
  if (pid !== undefined) children.register(pid);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = `${said}${text}`.slice(-2000);
  });
  try {
    await answering(port, child, () => said.includes('listening'));
    return child;
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error(`The embedded DynamoDB did not start: ${said.trim() || String(error)}`, { cause: error });
  }
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

/**
 * It must say itself that it listens: another process may have taken the port meanwhile, and would answer
 * too.
 */
async function answering(port: number, child: ChildProcess, listens: () => boolean): Promise<void> {
  let failure: unknown;
  child.once('error', (error) => {
    failure = error;
  });
  for (let attempt = 0; attempt < 500; attempt += 1) {
    if (failure !== undefined) throw failure as Error;
    if (hasEnded(child)) throw new Error('it exited');
    if (listens()) {
      const answered = await fetch(`http://127.0.0.1:${port}`, {
        method: 'POST',
        body: '{}',
        headers: { 'x-amz-target': 'DynamoDB_20120810.ListTables' },
      }).then(
        () => true,
        () => false,
      );
      if (answered) return;
    }
    await sleep(10);
  }
  throw new Error('it did not answer within five seconds');
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean =>
  exitCode !== null || signalCode !== null;

/** Asks it to end, and after five seconds no longer asks. */
async function ended(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const impatient = setTimeout(() => child.kill('SIGKILL'), 5000);
  await gone;
  clearTimeout(impatient);
}

/** A client whose credentials mean nothing: the embedded table listens to this machine only. */
export function documentClient(endpoint: string): DynamoDBDocumentClient {
  const client = new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    useFipsEndpoint: false,
    useDualstackEndpoint: false, // whatever this machine is set to for AWS itself
  });
  return DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
}

/** Makes the table if it is not there. */
export async function ensureTable(
  client: DynamoDBDocumentClient,
  name: string,
  schema: object = tableSchema,
): Promise<void> {
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
