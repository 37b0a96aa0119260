import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface EnvironmentOptions {
  /** The function's package, unpacked. */
  readonly folder: string;
  /** The folder of AWS's runtime interface client. */
  readonly client: string;
  /** The folder of packages that the function's layer brings. */
  readonly packages: string;
  readonly variables: Readonly<Record<string, string>>;
}

const start = fileURLToPath(new URL('../deploy/runtime/start.cjs', import.meta.url));
const prefix = '/2018-06-01/runtime/';

/**
 * One execution environment, as Lambda runs it: Node with AWS's runtime interface client, which asks this process
 * for events over the Runtime API. (Lambda developer guide, "Using the Lambda runtime API")
 */
export class LambdaEnvironment {
  /** Resolves when the function has initialised, and asks for its first event. */
  readonly ready: Promise<void>;
  readonly #server: Server;
  readonly #child: ChildProcess;
  #next: ServerResponse | undefined;
  #event: string | undefined;
  #answer = Promise.withResolvers<string>();

  private constructor(server: Server, { folder, client, packages, variables }: EnvironmentOptions) {
    this.#server = server;
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    this.ready = promise;
    server.on('request', (request, response) => void this.#serve(request, response, resolve, reject));
    this.#child = spawn(process.execPath, ['--require', start, join(client, 'index.mjs')], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${(server.address() as AddressInfo).port}`,
        AWS_LAMBDA_FUNCTION_NAME: 'unit',
        AWS_LAMBDA_FUNCTION_VERSION: '1',
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1769',
        AWS_LAMBDA_LOG_STREAM_NAME: 'unit',
        AWS_REGION: 'us-east-1',
        LAMBDA_TASK_ROOT: folder,
        _HANDLER: 'index.handler',
        NODE_PATH: packages,
        ...variables,
      },
    });
    this.#child.once('exit', (code) => {
      const error = new Error(`the function's process ended with ${code ?? 'a signal'}`);
      reject(error);
      this.#answer.reject(error);
    });
    this.ready.catch(() => undefined);
    this.#answer.promise.catch(() => undefined);
  }

  static async start(options: EnvironmentOptions): Promise<LambdaEnvironment> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new LambdaEnvironment(server, options);
  }

  /** One event after the other. @returns what the handler returned. @throws Error with what it threw, as JSON */
  invoke(event: unknown): Promise<unknown> {
    this.#answer = Promise.withResolvers();
    this.#event = JSON.stringify(event);
    this.#hand();
    return this.#answer.promise.then((body) => JSON.parse(body) as unknown);
  }

  async end(): Promise<void> {
    this.#child.removeAllListeners('exit');
    if (this.#child.exitCode === null) {
      const gone = once(this.#child, 'exit');
      this.#child.kill('SIGKILL');
      await gone;
    }
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #serve(
    request: IncomingMessage,
    response: ServerResponse,
    ready: (value: undefined) => void,
    failed: (error: Error) => void,
  ): Promise<void> {
    const path = (request.url ?? '').slice(prefix.length);
    if (path === 'invocation/next') {
      this.#next = response;
      ready(undefined);
      this.#hand();
      return;
    }
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts).toString();
    response.writeHead(202).end();
    if (path.endsWith('/response')) this.#answer.resolve(body);
    else {
      this.#answer.reject(new Error(body));
      failed(new Error(body));
    }
  }

  #hand(): void {
    if (this.#next === undefined || this.#event === undefined) return;
    this.#next
      .writeHead(200, {
        'content-type': 'application/json',
        'lambda-runtime-aws-request-id': '8476a536-e9f4-11e8-9739-2dfe598c3fcd',
        'lambda-runtime-deadline-ms': String(Date.now() + 10_000),
        'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:us-east-1:123456789012:function:unit:1',
      })
      .end(this.#event);
    this.#next = undefined;
    this.#event = undefined;
  }
}
