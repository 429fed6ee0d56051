/**
 * A relay's connection to its hub, kept up for ever: dials, talks through one {@link RelaySession} after the other, and
 * waits between them, longer each time and never as long as another relay. The socket, the time and chance are handed in.
 */
import { AudioTape } from "./audio-tape.ts";
import { DEAD_MS, SAMPLE_RATE_HZ, TOO_SLOW_BYTES } from "./limits.ts";
import type { RelayEvent } from "./relay-events.ts";
import { type Hop, type OwnHearing, type RelayIdentity, RelaySession } from "./relay-session.ts";

/** A word, what stands before it, and what a hub may take until its verdict. */
const TAPE_SAMPLES = 10 * SAMPLE_RATE_HZ;
const FIRST_WAIT_MS = 250;
/** A hub that starts again is found within so long. */
const LONGEST_WAIT_MS = 8000;
/** A connection that held for so long was a good one. */
const GOOD_MS = 10_000;

/** What is needed of a socket that was dialled. */
export interface HubSocket {
  send(data: string | Uint8Array<ArrayBuffer>): void;
  /** Without waiting for the other end. */
  close(): void;
  /** Bytes that were sent and have not left. */
  readonly bufferedBytes: number;
}

/** What a socket that was dialled tells; after `closed` nothing. None of it may come before `dial` has returned. */
export interface HubSocketEvents {
  opened(): void;
  message(data: string | Uint8Array): void;
  /** @param why for people @param refusal where more is known: a code, and what to do */
  closed(why: string, refusal?: { readonly code: string; readonly hint: string }): void;
}

export interface RelayClientOptions {
  readonly identity: RelayIdentity;
  readonly dial: (events: HubSocketEvents) => HubSocket;
  readonly monotonicMs: () => number;
  /** 0..1 */
  readonly random: () => number;
  /** What it does with a word while the hub is away. */
  readonly whileAway: "alone" | "silent";
  readonly tell: (event: RelayEvent) => void;
}

type Link =
  | { readonly kind: "stopped" }
  | { readonly kind: "waiting"; readonly untilMs: number }
  | { readonly kind: "dialling"; readonly socket: HubSocket; readonly untilMs: number }
  | { readonly kind: "talking"; readonly socket: HubSocket; readonly session: RelaySession; readonly sinceMs: number };

/** Call {@link RelayClient.tick} every 100 ms or so, and {@link RelayClient.hear} with each piece of sound. */
export class RelayClient implements OwnHearing {
  readonly #options: RelayClientOptions;
  readonly #tape = new AudioTape(TAPE_SAMPLES);
  #link: Link = { kind: "stopped" };
  /** Tells the events of this socket from those of an older one. */
  #dialled = 0;
  #failures = 0;
  #claims = 0;
  /** No word is heard, and none will be. */
  muted = false;
  /** Why no word would be noticed, where something else than mute is the reason: the hub shows it, and waits for it no more. */
  deaf: string | undefined;
  #lost = 0;

  constructor(options: RelayClientOptions) {
    this.#options = options;
  }

  /** Whether it is part of a house. */
  get connected(): boolean {
    return this.#link.kind === "talking" && this.#link.session.joined;
  }

  get lostSamples(): number {
    return this.#lost;
  }

  start(): void {
    if (this.#link.kind === "stopped") this.#dial();
  }

  stop(): void {
    const link = this.#link;
    this.#link = { kind: "stopped" };
    if (link.kind === "talking") link.session.closed("stopped", "the relay ends");
    if ("socket" in link) link.socket.close();
  }

  hear(hop: Hop): void {
    const { whileAway, tell, monotonicMs } = this.#options;
    // What is said while muted is not even kept.
    if (this.muted) this.#tape.skip(hop.pcm.length);
    else this.#tape.push(hop.pcm, hop.endMs);
    if (this.#link.kind === "talking") this.#link.session.hear(hop, monotonicMs());
    this.#mind();
    if (this.connected || this.muted || whileAway === "silent") return;
    for (const { model, confidence } of hop.detections) tell({ type: "alone", model, confidence });
  }

  /** The microphone lost so many samples, at least one: what comes next does not continue what was heard. */
  lost(samples: number): void {
    this.#lost += samples;
    this.#tape.skip(samples);
  }

  tick(): void {
    const nowMs = this.#options.monotonicMs();
    if (this.#link.kind === "waiting" && nowMs >= this.#link.untilMs) this.#dial();
    else if (this.#link.kind === "dialling" && nowMs >= this.#link.untilMs) {
      this.#leave("no_answer", `the hub did not answer within ${DEAD_MS} ms`);
    } else if (this.#link.kind === "talking") this.#link.session.tick(nowMs);
    this.#mind();
  }

  /** The relay itself has heard enough of the command. */
  endSound(): void {
    if (this.#link.kind === "talking") this.#link.session.endSound();
  }

  /** The reply was played, or the relay cannot go on. */
  finish(): void {
    if (this.#link.kind === "talking") this.#link.session.finish();
  }

  #dial(): void {
    const { dial, monotonicMs } = this.#options;
    const number = ++this.#dialled;
    const isNewest = () => number === this.#dialled;
    const socket = dial({
      opened: () => {
        if (isNewest()) this.#opened();
      },
      message: (data) => {
        if (!isNewest() || this.#link.kind !== "talking") return;
        this.#link.session.receive(data, monotonicMs());
        this.#mind();
      },
      closed: (why, { code, hint } = { code: "closed", hint: "" }) => {
        if (isNewest()) this.#leave(code, why, hint);
      },
    });
    this.#link = { kind: "dialling", socket, untilMs: monotonicMs() + DEAD_MS };
  }

  #opened(): void {
    if (this.#link.kind !== "dialling") return;
    const { identity, monotonicMs, tell } = this.#options;
    const { socket } = this.#link;
    const nowMs = monotonicMs();
    const session = new RelaySession(
      {
        identity,
        hearing: this,
        tape: this.#tape,
        nextClaim: () => ++this.#claims,
        send: (data) => socket.send(data),
        tell,
      },
      nowMs,
    );
    this.#link = { kind: "talking", socket, session, sinceMs: nowMs };
  }

  /** Ends what is of no more use. */
  #mind(): void {
    if (this.#link.kind !== "talking") return;
    const { session, socket } = this.#link;
    const { farewell } = session;
    if (farewell !== undefined) this.#leave(farewell.code, farewell.message, farewell.hint, farewell.retryAfterMs);
    else if (socket.bufferedBytes > TOO_SLOW_BYTES) this.#leave("too_slow", "the network does not take what is sent");
  }

  #leave(code: string, message: string, hint = "", retryAfterMs = 0): void {
    const link = this.#link;
    if (link.kind === "stopped" || link.kind === "waiting") return;
    const { monotonicMs, random, tell } = this.#options;
    const nowMs = monotonicMs();
    this.#dialled++;
    const good = link.kind === "talking" && link.session.joined && nowMs - link.sinceMs >= GOOD_MS;
    this.#failures = good ? 1 : this.#failures + 1;
    const longestMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(this.#failures, 16));
    const untilMs = nowMs + Math.max(retryAfterMs, longestMs / 2) + (random() * Math.max(retryAfterMs, longestMs)) / 2;
    this.#link = { kind: "waiting", untilMs };
    if (link.kind === "talking") link.session.closed(code, message);
    link.socket.close();
    tell({ type: "away", code, message, hint, retryAtMs: untilMs });
  }
}
