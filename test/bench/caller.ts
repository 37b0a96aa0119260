import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/**
 * One connection that posts pictures and does little else: in a benchmark the caller shares the processors
 * with what is measured, and a client library takes its part.
 */
export class Caller {
  readonly #socket: Socket;
  readonly #url: URL;
  #answer = '';
  #waiting: PromiseWithResolvers<number> | undefined;

  private constructor(socket: Socket, url: URL) {
    this.#socket = socket;
    this.#url = url;
    socket.setNoDelay(true).setEncoding('latin1');
    socket
      .on('data', (text: string) => this.#take(text))
      .on('close', () => this.#waiting?.reject(new Error('the host has closed the connection')));
  }

  static async open(url: URL): Promise<Caller> {
    const socket = connect(Number(url.port), url.hostname);
    await once(socket, 'connect');
    return new Caller(socket, url);
  }

  /** @returns the status of the answer, when all of it has come */
  post(picture: Uint8Array): Promise<number> {
    this.#waiting = Promise.withResolvers<number>();
    this.#socket.cork();
    this.#socket.write(
      `POST ${this.#url.pathname} HTTP/1.1\r\nHost: ${this.#url.host}\r\nContent-Type: image/jpeg\r\nContent-Length: ${picture.byteLength}\r\n\r\n`,
    );
    this.#socket.write(picture);
    this.#socket.uncork();
    return this.#waiting.promise;
  }

  close(): void {
    this.#waiting = undefined;
    this.#socket.destroy();
  }

  #take(text: string): void {
    this.#answer += text;
    const head = this.#answer.indexOf('\r\n\r\n');
    const length = /\r\nContent-Length: (\d+)\r\n/i.exec(this.#answer)?.[1];
    if (head < 0 || length === undefined || this.#answer.length < head + 4 + Number(length)) return;
    const status = Number(this.#answer.slice(9, 12));
    this.#answer = '';
    this.#waiting?.resolve(status);
  }
}
