import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Synthesised } from '../../lib/template.ts';
import type { Resolver } from './template.ts';

interface Properties {
  readonly Handler: string;
  readonly Role: unknown;
  readonly Code: { readonly S3Key: string };
  readonly Environment: { readonly Variables: Readonly<Record<string, unknown>> };
}

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: { readonly errorType: string; readonly errorMessage: string };
}

/** The template's functions: those of one role share a process, as they share bundle and variables. */
export class Functions {
  readonly #stack: Synthesised;
  readonly #resolver: Resolver;
  readonly #endpoint: string;
  readonly #processes = new Map<string, ChildProcess>();
  readonly #waiting = new Map<
    number,
    { readonly resolve: (result: unknown) => void; readonly reject: (error: Error) => void }
  >();
  #calls = 0;
  /** How far the functions' clocks are ahead, in milliseconds. */
  #ahead = 0;
  /** What functions have written, with the role in front. */
  readonly lines: string[] = [];

  constructor(stack: Synthesised, resolver: Resolver, endpoint: string) {
    this.#stack = stack;
    this.#resolver = resolver;
    this.#endpoint = endpoint;
  }

  /**
   * @throws Error with the name and, as JSON, the text with which Step Functions hears of a function's error
   */
  async invoke(id: string, event: unknown): Promise<unknown> {
    const properties = this.#resolver.resource(id).Properties as unknown as Properties;
    const call = this.#calls++;
    const child = this.#process(properties);
    return await new Promise((resolve, reject) => {
      this.#waiting.set(call, { resolve, reject });
      child.send({ id: call, handler: properties.Handler.replace('index.', ''), event });
    });
  }

  pass(milliseconds: number): void {
    this.#ahead += milliseconds;
    for (const child of this.#processes.values()) child.send({ passed: milliseconds });
  }

  close(): void {
    for (const child of this.#processes.values()) child.kill('SIGKILL');
  }

  #process({ Role, Code, Environment }: Properties): ChildProcess {
    const role = this.#resolver.text(Role).split('/').at(-1) ?? '';
    const running = this.#processes.get(role);
    if (running !== undefined) return running;
    const bundle = join(this.#stack.directory, `asset.${Code.S3Key.replace(/\.zip$/, '')}`, 'index.cjs');
    const child = fork(
      fileURLToPath(new URL('function-process.cjs', import.meta.url)),
      [bundle, String(this.#ahead)],
      {
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        execArgv: [],
        env: {
          ...Object.fromEntries(
            Object.entries(Environment.Variables).map(([name, value]) => [name, this.#resolver.text(value)]),
          ),
          PATH: process.env['PATH'],
          // Stands for the layer with the native libraries.
          NODE_PATH: fileURLToPath(new URL('../../../node_modules', import.meta.url)),
          AWS_REGION: 'eu-west-1',
          AWS_ENDPOINT_URL: this.#endpoint,
          // Who signs is told by the key's id: that is how the services here know the role.
          AWS_ACCESS_KEY_ID: role,
          AWS_SECRET_ACCESS_KEY: 'secret',
        },
      },
    );
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (text: Buffer) => this.lines.push(`${role}: ${text.toString().trim()}`));
    child.on('message', ({ id, result, error }: Answer) => {
      const { resolve, reject } = this.#waiting.get(id) ?? {
        resolve: () => undefined,
        reject: () => undefined,
      };
      this.#waiting.delete(id);
      if (error === undefined) resolve(result);
      else reject(Object.assign(new Error(JSON.stringify(error)), { name: error.errorType }));
    });
    child.on('exit', (code) => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(`the process of ${role} ended with ${code ?? 'a signal'}`));
    });
    this.#processes.set(role, child);
    return child;
  }
}
