import { setTimeout as sleep } from 'node:timers/promises';
import { HostProcess } from '../../helpers/host-process.ts';

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** One host after the other on one folder. */
export class Hosts {
  kills = 0;
  readonly #dataDir: string;
  #script: readonly string[] | undefined;
  readonly #after: number[];
  #host: HostProcess | undefined;

  constructor(dataDir: string, script: readonly string[] | undefined, after: number[]) {
    this.#dataDir = dataDir;
    this.#script = script;
    this.#after = after;
  }

  async #url(): Promise<string> {
    for (;;) {
      const host = (this.#host ??= this.#next());
      try {
        await host.ready();
        return host.url;
      } catch (error) {
        await this.#mourn(host, error);
      }
    }
  }

  #next(): HostProcess {
    const host = HostProcess.launch(this.#dataDir, {}, this.#script);
    const after = this.#after.shift();
    if (after !== undefined)
      setTimeout(() => {
        host.child.kill('SIGKILL');
      }, after).unref();
    return host;
  }

  /** @throws what happened, unless it happened because the host was killed */
  async #mourn(host: HostProcess, error: unknown): Promise<void> {
    const { signal } = await Promise.race([host.ended, sleep(2000).then(() => ({ signal: null }))]);
    if (signal !== 'SIGKILL')
      throw new Error(`the host failed: ${String(error)} ${host.errors.slice(-2000)}`, { cause: error });
    this.kills += 1;
    this.#script = undefined; // the next one is an ordinary one
    this.#host = undefined;
  }

  /** A call, repeated until it is answered. */
  async call(method: string, path: string, body?: string | Uint8Array, token?: string): Promise<Answer> {
    for (;;) {
      const url = await this.#url();
      const host = this.#host;
      try {
        const answer = await fetch(`${url}${path}`, {
          method,
          headers: {
            'content-type': 'image/png',
            ...(token !== undefined && { 'x-amzn-client-token': token }),
          },
          ...(body !== undefined && { body: body as string }),
        });
        return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
      } catch (error) {
        if (host !== undefined) await this.#mourn(host, error);
      }
    }
  }

  /** A call that has to be answered so. */
  async must(want: number, ...call: Parameters<Hosts['call']>): Promise<Record<string, unknown>> {
    const { status, body } = await this.call(...call);
    if (status !== want)
      throw new Error(`${call[0]} ${call[1]} was answered ${status}: ${JSON.stringify(body)}`);
    return body;
  }

  /** Asks until the status is the one that is wanted; any other than that and those on the way is wrong. */
  async reach(
    path: string,
    statusOf: (answer: Answer) => string,
    wanted: string,
    onTheWay: readonly string[],
  ): Promise<Record<string, unknown>> {
    for (const until = Date.now() + 120_000; Date.now() < until; await sleep(15)) {
      const answer = await this.call('GET', path);
      const status = statusOf(answer);
      if (status === wanted) return answer.body;
      if (!onTheWay.includes(status))
        throw new Error(`${path} is ${status}; wanted ${wanted}: ${JSON.stringify(answer.body)}`);
    }
    throw new Error(`${path} did not get to ${wanted}`);
  }

  /** @returns what was wrong with the way it ended */
  async end(): Promise<string[]> {
    const host = this.#host;
    this.#host = undefined;
    if (host === undefined) return [];
    const { code, signal } = await host.end('SIGTERM');
    if (signal === 'SIGKILL') {
      // after its last answer: the next host finds nothing to do but what is left of this one
      this.kills += 1;
      this.#script = undefined;
      await this.#url();
      return this.end();
    }
    return code === 0 ? [] : [`the last host ended with ${code ?? 'no code'} by ${signal ?? 'no signal'}`];
  }
}
