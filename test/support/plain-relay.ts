// A relay without a microphone or a detector, over a real WebSocket: says what a test or a benchmark wants it to have heard.
import type { Evidence } from "../../src/arbitration/evidence.ts";
import { writeAudioFrame } from "../../src/relay/audio-frame.ts";
import { SUBPROTOCOL } from "../../src/relay/limits.ts";
import type { Capabilities, ToHub } from "../../src/relay/messages-to-hub.ts";
import type { MessageToRelay, ToRelay } from "../../src/relay/messages-to-relay.ts";

const LIMIT_MS = 5000;

export const DETECTING: Capabilities = { detects: true, evidence: true, onset: true, asks: true, plays: false };

/** A word of a voice that is near. */
export const NEAR: Evidence = {
  rms: 0.1,
  bandDb: -30,
  floorDb: -60,
  evenDb: -40,
  snrDb: 25,
  envelopeVariance: 0.3,
  attackDb: -2,
  confidence: 0.9,
  durationMs: 600,
};

/** `atMs`: when it came, of {@link PlainRelay.nowMs}. */
export type Told = ToRelay & { readonly atMs: number };

export interface PlainRelayOptions {
  readonly capabilities?: Partial<Capabilities>;
  /** Answers every ask at once. @default undefined: never */
  readonly answers?: "pass" | "pending";
  /** Sends sound when it is granted; a winner that does not makes room for another. @default true */
  readonly speaks?: boolean;
  /** Called with each message before anybody else sees it. */
  readonly told?: (message: Told) => void;
}

export class PlainRelay {
  readonly messages: Told[] = [];
  readonly #socket: WebSocket;
  readonly #options: PlainRelayOptions;
  readonly #closed = Promise.withResolvers<void>();
  #looks: (() => void)[] = [];
  #claims = 0;
  #frames = 0;

  /** @param url of the hub, as "http://127.0.0.1:7171" */
  constructor(
    url: string,
    readonly id: string,
    options: PlainRelayOptions = {},
  ) {
    this.#options = options;
    this.#socket = new WebSocket(`${url.replace("http", "ws")}/relay`, [SUBPROTOCOL]);
    this.#socket.onopen = () => {
      const capabilities = { ...DETECTING, ...options.capabilities };
      this.say({ type: "hello", versions: [1], id, capabilities, models: ["alexa"], software: "plain" });
    };
    this.#socket.onmessage = ({ data }) => {
      if (typeof data === "string") this.#take({ ...(JSON.parse(data) as ToRelay), atMs: this.nowMs() });
    };
    this.#socket.onclose = () => this.#closed.resolve();
  }

  /** Its own clock. */
  nowMs(): number {
    return performance.now();
  }

  /** Resolves when it was taken in. */
  async joined(): Promise<this> {
    await this.told("welcome");
    return this;
  }

  say(message: ToHub): void {
    this.#socket.send(JSON.stringify(message));
  }

  beat(hears: boolean): void {
    this.say({ type: "beat", hears, atMs: this.nowMs() });
  }

  /** Claims a word that ended `agoMs` before. @returns the claim's number */
  claim(evidence: Evidence | undefined = NEAR, agoMs = 0): number {
    const nowMs = this.nowMs();
    const word = { model: "alexa", confidence: 0.9, endedAtMs: nowMs - agoMs, sentAtMs: nowMs };
    const claim = ++this.#claims;
    this.say({ type: "claim", claim, ...word, ...(evidence !== undefined && { evidence }) });
    return claim;
  }

  /** Sound of a claim, 80 ms of silence if nothing else. @param atMs when it was heard */
  sound(claim: number, fence: number | undefined, pcm = new Int16Array(1280), atMs = this.nowMs()): void {
    const { connection } = this.messages.find(({ type }) => type === "welcome") as MessageToRelay<"welcome">;
    const sequence = this.#frames++;
    const place = { connection, number: claim, sequence, firstSample: sequence * pcm.length, atMs };
    this.#socket.send(writeAudioFrame({ kind: "claim", ...place, fence, pcm }));
  }

  /** 80 ms of all that it hears: for one that does not detect. */
  stream(pcm = new Int16Array(1280)): void {
    const { connection } = this.messages.find(({ type }) => type === "welcome") as MessageToRelay<"welcome">;
    const sequence = this.#frames++;
    const place = { connection, number: 0, sequence, firstSample: sequence * pcm.length, atMs: this.nowMs() };
    this.#socket.send(writeAudioFrame({ kind: "stream", ...place, fence: undefined, pcm }));
  }

  /** The first message of one of these types, which may have come already. @throws Error after 5 s */
  async told<Type extends ToRelay["type"]>(...types: readonly Type[]): Promise<MessageToRelay<Type> & Told> {
    const limitMs = this.nowMs() + LIMIT_MS;
    for (;;) {
      const found = this.messages.find(({ type }) => (types as readonly string[]).includes(type));
      if (found !== undefined) return found as MessageToRelay<Type> & Told;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#looks.push(resolve);
      const timer = setTimeout(resolve, Math.max(0, limitMs - this.nowMs()));
      await promise;
      clearTimeout(timer);
      if (this.nowMs() < limitMs) continue;
      throw new Error(`${this.id} was not told "${types.join()}", only ${JSON.stringify(this.messages)}`);
    }
  }

  /** Resolves when the connection is closed, whoever closed it. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  async close(): Promise<void> {
    this.#socket.close();
    await this.closed;
  }

  #take(message: Told): void {
    this.#options.told?.(message);
    if (message.type === "ping") {
      this.say({ type: "pong", ping: message.ping, atMs: this.nowMs() });
      return;
    }
    const { answers } = this.#options;
    if (message.type === "ask" && answers !== undefined) this.say({ type: answers, ask: message.ask });
    const [claim] = message.type === "granted" ? message.claims : [];
    if (message.type === "granted" && claim !== undefined && this.#options.speaks !== false) {
      this.sound(claim, message.fence);
    }
    this.messages.push(message);
    const looks = this.#looks;
    this.#looks = [];
    for (const look of looks) look();
  }
}
