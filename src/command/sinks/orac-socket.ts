/** The WebSocket of one command to ORAC-STT: samples go out as they come, one transcription comes back. */
import { type ErrorWords, failureOf } from "../failure.ts";
import { SinkError } from "../sink.ts";
import type { Times } from "../times.ts";

const CONNECT_MS = 3_000;
const MOST_ANSWER_CHARACTERS = 1 << 16;

export class OracSocket {
  readonly #socket: Bun.WebSocket;
  readonly #words: ErrorWords;
  readonly #opened = Promise.withResolvers<void>();
  readonly #answer = Promise.withResolvers<unknown>();
  readonly #over = new AbortController();
  readonly #caller: AbortSignal;
  /** From then on it may have taken the command. */
  #asked = false;

  private constructor(url: string, words: ErrorWords, caller: AbortSignal) {
    this.#words = words;
    this.#caller = caller;
    this.#opened.promise.catch(() => {});
    this.#answer.promise.catch(() => {});
    // Bun's client can do more than the DOM's types say.
    const Client = WebSocket as unknown as new (url: string, options: Bun.WebSocketOptions) => Bun.WebSocket;
    this.#socket = new Client(url, { perMessageDeflate: false });
    this.#socket.onopen = () => this.#opened.resolve();
    this.#socket.onmessage = ({ data }) => this.#heard(data);
    this.#socket.onerror = (event) => this.#fail(this.#brokeOff(event));
    this.#socket.onclose = () => this.#fail(this.#brokeOff());
    caller.addEventListener("abort", this.#onAbort);
    if (caller.aborted) this.#onAbort();
  }

  /** @throws SinkError when nobody answers within 3 s */
  static async connect(url: string, words: ErrorWords, times: Times, signal: AbortSignal): Promise<OracSocket> {
    const socket = new OracSocket(url, words, signal);
    const limit = new AbortController();
    const late = times.sleep(CONNECT_MS, limit.signal).then(() => {
      if (!limit.signal.aborted) socket.#fail(socket.#brokeOff());
    });
    try {
      await Promise.race([socket.#opened.promise, late.then(() => socket.#opened.promise)]);
      return socket;
    } catch (error) {
      socket.close();
      throw error;
    } finally {
      limit.abort();
    }
  }

  /** Aborted when nothing more can be sent. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  say(text: string): void {
    this.#socket.send(text);
  }

  /** @param pcm copied at once: it may be wiped afterwards */
  send(pcm: Int16Array<ArrayBuffer>): void {
    this.#socket.send(pcm);
  }

  /** @throws SinkError when the connection ends before the answer came */
  answerTo(end: string): Promise<unknown> {
    this.#asked = true;
    this.#socket.send(end);
    return this.#answer.promise;
  }

  close(): void {
    this.#caller.removeEventListener("abort", this.#onAbort);
    this.#over.abort(new SinkError("aborted", "the command was given up", ""));
    this.#socket.onclose = null;
    this.#socket.onerror = null;
    this.#socket.terminate();
  }

  readonly #onAbort = () => this.#fail(this.#caller.reason);

  #heard(data: unknown): void {
    const { server, hint } = this.#words;
    if (typeof data !== "string" || data.length > MOST_ANSWER_CHARACTERS) {
      this.#fail(new SinkError("bad_answer", `${server} sent something else than a short text`, hint));
      return;
    }
    const message = messageOf(data);
    if (message.type === "transcription" && message.is_final !== false) this.#answer.resolve(message);
    else if (message.type === "error") {
      this.#fail(new SinkError("refused", `${server} could not transcribe the command`, "see what it logs"));
    } else if (message.type === undefined) {
      this.#fail(new SinkError("bad_answer", `${server} sent something that is no message of ORAC-STT`, hint));
    }
  }

  /** @param event Bun's, which says in `error` what the system says, where there is anything */
  #brokeOff(event: object = {}): SinkError {
    const words = { ...this.#words, hint: `${this.#words.hint}; where it does not stream, set transport: multipart` };
    const known = "error" in event && event.error instanceof Error;
    return failureOf(known ? event.error : new Error("the WebSocket closed"), words, !this.#asked);
  }

  #fail(why: unknown): void {
    this.#opened.reject(why);
    this.#answer.reject(why);
    this.#over.abort(why);
  }
}

function messageOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const message: unknown = JSON.parse(text);
    return typeof message === "object" && message !== null ? { ...message } : {};
  } catch {
    return {};
  }
}
