/** A connection to a Wyoming server as its client: events out, events in. */
import { connect, type Socket } from "node:net";
import { encodeWyoming, WyomingDecoder, WyomingError, type WyomingEvent } from "./codec.ts";

export interface DialOptions {
  readonly host: string;
  readonly port: number;
  /** Bytes that the server may send in all. */
  readonly mostBytes: number;
  /** Aborting it ends the connection. */
  readonly signal: AbortSignal;
}

export class WyomingClient {
  readonly #socket: Socket;
  readonly #decoder = new WyomingDecoder();
  readonly #options: DialOptions;
  readonly #opened = Promise.withResolvers<void>();
  readonly #over = new AbortController();
  #events: WyomingEvent[] = [];
  #received = 0;
  #news = Promise.withResolvers<void>();

  constructor(options: DialOptions) {
    this.#options = options;
    this.#opened.promise.catch(() => {});
    this.#socket = connect({ host: options.host, port: options.port, noDelay: true });
    this.#socket.on("connect", () => this.#opened.resolve());
    this.#socket.on("data", (bytes: Uint8Array) => this.#heard(bytes));
    this.#socket.on("error", (error) => this.#end(error));
    this.#socket.on("end", () => this.#end(new Error("the server hung up")));
    this.#socket.on("close", () => this.#end(new Error("the connection was closed")));
    options.signal.addEventListener("abort", this.#onAbort);
    if (options.signal.aborted) this.#onAbort();
  }

  /** Resolves when the server has answered. @throws what the system says */
  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  /** Aborted, with the reason, when the connection is over. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** What the server does not take at once waits here, and is wiped when it is sent. */
  send(event: WyomingEvent): void {
    if (this.#over.signal.aborted) return;
    const bytes = encodeWyoming(event);
    this.#socket.write(bytes, () => bytes.fill(0));
  }

  /** @returns the next event @throws why the connection ended, WyomingError at garbage */
  async next(): Promise<WyomingEvent> {
    for (;;) {
      const event = this.#events.shift();
      if (event !== undefined) return event;
      this.#over.signal.throwIfAborted();
      await this.#news.promise;
    }
  }

  close(): void {
    this.#end(new Error("closed"));
  }

  readonly #onAbort = () => this.#end(this.#options.signal.reason);

  #heard(bytes: Uint8Array): void {
    if (this.#over.signal.aborted) return;
    this.#received += bytes.length;
    try {
      if (this.#received > this.#options.mostBytes) {
        throw new WyomingError(`it sent more than ${this.#options.mostBytes} bytes`);
      }
      for (const event of this.#decoder.push(bytes)) this.#events.push(event);
      this.#tell();
    } catch (error) {
      this.#end(error);
    }
  }

  #end(why: unknown): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort(why);
    this.#opened.reject(why);
    this.#options.signal.removeEventListener("abort", this.#onAbort);
    this.#socket.destroy();
    this.#tell();
  }

  #tell(): void {
    const news = this.#news;
    this.#news = Promise.withResolvers<void>();
    news.resolve();
  }
}
