/**
 * The connection to `/ws`: opens it, opens it again when it ends or falls silent, and says how it stands.
 * Time, randomness and the WebSocket are handed in.
 */
import type { LiveMessage } from "../src/web/schemas/live.ts";

export type Connection =
  /** `again`: it was connected before. */
  | { readonly kind: "connecting"; readonly again: boolean }
  | { readonly kind: "connected" }
  | { readonly kind: "waiting"; readonly retryAtMs: number; readonly why: "closed" | "silent" | "offline" };

/** What a WebSocket reports. */
export interface LiveEvents {
  readonly onMessage: (data: unknown) => void;
  /** It ended, or could not be opened. */
  readonly onClose: () => void;
}

export interface LiveSocket {
  close(): void;
}

export interface LiveOptions {
  readonly openSocket: (events: LiveEvents) => LiveSocket;
  /** Monotone milliseconds. */
  readonly nowMs: () => number;
  /** Calls back once after a delay; what it returns calls that off. */
  readonly after: (delayMs: number, call: () => void) => () => void;
  /** 0 up to, not including, 1. */
  readonly random: () => number;
  /** What the machine says of its network; it may be wrong for a server on the same machine, so it changes words only. */
  readonly isOnline: () => boolean;
  readonly onMessage: (message: LiveMessage) => void;
  readonly onConnection: (connection: Connection) => void;
}

const FIRST_BACKOFF_MS = 500;
const LAST_BACKOFF_MS = 5_000;
/** A connection that lasted less counts as a failed one, so that a server that refuses politely is not stormed. */
const STEADY_AFTER_MS = 2_000;
const LEAST_SILENCE_MS = 3_000;
const LEAST_STALE_MS = 1_000;
const GONE_MS = 5_000;

/** How long to wait before the next try: half of 0.5, 1, 2, 4, 5, 5 ... s, and a random part of the other half. */
export function backoffMs(failures: number, random: () => number): number {
  const most = Math.min(LAST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(failures, 10));
  return most * (0.5 + random() / 2);
}

/** How long a connection may say nothing before it counts as dead. */
export function silenceLimitMs(updateRateMs: number): number {
  return Math.max(LEAST_SILENCE_MS, 3 * updateRateMs);
}

/** `live`: what is shown is so now. `stale`: it was a moment ago. `gone`: too old to be shown at all. */
export type Freshness = "live" | "stale" | "gone";

/** @param ageMs since the last news; null when there was none yet */
export function freshness(ageMs: number | null, updateRateMs: number): Freshness {
  if (ageMs === null || ageMs >= GONE_MS) return "gone";
  return ageMs <= Math.max(LEAST_STALE_MS, 3 * updateRateMs) ? "live" : "stale";
}

const CARRIES: Readonly<Record<LiveMessage["type"], string>> = {
  hello: "state",
  state: "state",
  levels: "levels",
  detection: "detection",
  near_miss: "nearMiss",
};

/** Reads a message of `/ws`; null for what is none, which is then no news either. */
export function parseMessage(data: unknown): LiveMessage | null {
  if (typeof data !== "string") return null;
  try {
    const value: unknown = JSON.parse(data);
    if (typeof value !== "object" || value === null || !("type" in value)) return null;
    const key = CARRIES[value.type as LiveMessage["type"]];
    return key !== undefined && key in value ? (value as LiveMessage) : null;
  } catch {
    return null;
  }
}

export class Live {
  readonly #options: LiveOptions;
  #socket: LiveSocket | null = null;
  #connection: Connection = { kind: "connecting", again: false };
  #wasConnected = false;
  #cancelTimer: () => void = () => {};
  #attempt = 0;
  #failures = 0;
  #connectedAtMs = 0;
  #newsAtMs = 0;
  #updateRateMs = 0;

  constructor(options: LiveOptions) {
    this.#options = options;
  }

  start(): void {
    this.#open();
  }

  stop(): void {
    this.#cancelTimer();
    this.#dropSocket();
  }

  /** Tries at once if it was waiting: for the user's wish, a network that came back, a page looked at again. */
  retryNow(): void {
    if (this.#connection.kind === "waiting") this.#open();
  }

  #open(): void {
    this.#cancelTimer();
    this.#newsAtMs = this.#options.nowMs();
    this.#become({ kind: "connecting", again: this.#wasConnected });
    const attempt = ++this.#attempt;
    // What a socket that was let go still reports is no news: the closing of a dead connection can come minutes later.
    const ifCurrent = (call: () => void): void => {
      if (attempt === this.#attempt) call();
    };
    this.#watch(silenceLimitMs(this.#updateRateMs));
    this.#socket = this.#options.openSocket({
      onMessage: (data) => ifCurrent(() => this.#receive(data)),
      onClose: () => ifCurrent(() => this.#fail("closed")),
    });
  }

  #receive(data: unknown): void {
    const message = parseMessage(data);
    if (message === null) return;
    this.#newsAtMs = this.#options.nowMs();
    if (message.type === "hello" || message.type === "state") this.#updateRateMs = message.state.updateRateMs;
    if (this.#connection.kind !== "connected") {
      this.#connectedAtMs = this.#newsAtMs;
      this.#wasConnected = true;
      this.#become({ kind: "connected" });
    }
    this.#options.onMessage(message);
  }

  /** One timer for the whole silence, set again for what is left of it: cheaper than one a message. */
  #watch(delayMs: number): void {
    this.#cancelTimer = this.#options.after(delayMs, () => {
      const leftMs = this.#newsAtMs + silenceLimitMs(this.#updateRateMs) - this.#options.nowMs();
      if (leftMs <= 0) this.#fail("silent");
      else this.#watch(leftMs);
    });
  }

  #fail(why: "closed" | "silent"): void {
    this.#cancelTimer();
    this.#dropSocket();
    const nowMs = this.#options.nowMs();
    const wasSteady = this.#connection.kind === "connected" && nowMs - this.#connectedAtMs >= STEADY_AFTER_MS;
    if (wasSteady) this.#failures = 0;
    const delayMs = backoffMs(this.#failures++, this.#options.random);
    this.#become({ kind: "waiting", retryAtMs: nowMs + delayMs, why: this.#options.isOnline() ? why : "offline" });
    this.#cancelTimer = this.#options.after(delayMs, () => this.#open());
  }

  #dropSocket(): void {
    this.#attempt++;
    this.#socket?.close();
    this.#socket = null;
  }

  #become(connection: Connection): void {
    this.#connection = connection;
    this.#options.onConnection(connection);
  }
}
