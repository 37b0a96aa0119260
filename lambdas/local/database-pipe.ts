import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';

/** No answer came: the process ended or was ended. Clients take the code for a connection that broke. */
class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
  readonly code = 'ECONNRESET';
}

/** What a tool answered: what DynamoDB's HTTP API would, or one of its errors. */
export interface ToolAnswer {
  readonly failed: boolean;
  readonly content: Readonly<Record<string, unknown>>;
}

interface Message {
  readonly id?: number | string | null;
  readonly result?: {
    readonly isError?: boolean;
    readonly content?: readonly { readonly text?: string }[];
  };
  readonly error?: { readonly message: string };
}

interface Waiting {
  readonly resolve: (message: Message) => void;
  readonly reject: (error: Error) => void;
}

/** After so many seconds without any answer, while some are owed, the process is taken for hung. */
const silentSeconds = 5;

/**
 * Speaks to the embedded DynamoDB over its standard input and output, one JSON-RPC message a line (Model
 * Context Protocol, `tools/call`). Nothing listens: only who holds the two ends of the pipe can speak to it.
 */
export class DatabasePipe {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  readonly #watch: NodeJS.Timeout;
  #asked = 0;
  #silent = 0;

  /** @param child with its standard input and output as pipes */
  constructor(child: ChildProcess) {
    this.#child = child;
    if (child.stdin === null || child.stdout === null) throw new Error('the database has no pipes');
    child.stdin.on('error', () => undefined); // the end of the process tells more
    linesOf(child.stdout, (line) => this.#take(line));
    // Whole seconds are counted instead of subtracting times: a machine that slept proves nothing.
    this.#watch = setInterval(() => {
      this.#silent = this.#waiting.size === 0 ? 0 : this.#silent + 1;
      if (this.#silent >= silentSeconds) child.kill('SIGKILL');
    }, 1000);
    this.#watch.unref();
    child.once('error', (error) => this.#end(error.message));
    child.once('exit', (code, signal) => this.#end(signal ?? `exit code ${code ?? 'unknown'}`));
  }

  /** @returns when it serves */
  async open(): Promise<void> {
    await this.#ask('initialize', {
      protocolVersion: '2025-03-26',
      capabilities: {},
      clientInfo: { name: 'crowsnest', version: '1' },
    });
    this.#send({ method: 'notifications/initialized' });
  }

  /** @throws NoAnswer */
  async call(tool: string, given: object): Promise<ToolAnswer> {
    const { result, error } = await this.#ask('tools/call', { name: tool, arguments: given });
    const text = result?.content?.[0]?.text;
    if (result === undefined || text === undefined)
      return {
        failed: true,
        content: { error_type: 'SerializationException', message: error?.message ?? 'no content' },
      };
    return { failed: result.isError === true, content: JSON.parse(text) as Record<string, unknown> };
  }

  #ask(method: string, params: object): Promise<Message> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return Promise.reject(new NoAnswer('the database ended'));
    const id = (this.#asked += 1);
    return new Promise<Message>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#send({ id, method, params });
    });
  }

  #send(message: object): void {
    this.#child.stdin?.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  }

  #take(line: string): void {
    this.#silent = 0;
    const message = JSON.parse(line) as Message;
    const waiting = this.#waiting.get(Number(message.id));
    this.#waiting.delete(Number(message.id));
    waiting?.resolve(message);
  }

  #end(how: string): void {
    clearInterval(this.#watch);
    for (const { reject } of this.#waiting.values())
      reject(new NoAnswer(`the database ended before it answered (${how})`));
    this.#waiting.clear();
  }
}

/** Lines end at a line feed and nowhere else: node's readline takes U+2028 within a text for an end, too. */
function linesOf(stream: Readable, take: (line: string) => void): void {
  let begun: string[] = [];
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    const pieces = chunk.split('\n');
    const last = pieces.pop() ?? '';
    for (const piece of pieces) {
      take([...begun, piece].join(''));
      begun = [];
    }
    if (last !== '') begun.push(last);
  });
}
