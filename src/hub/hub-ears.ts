/**
 * The hub listens for those who cannot, itself among them: turns what inference heard in a stream into claims, measures
 * their evidence, and answers for them whether they heard a word too. Runs in the web worker, looks when it is told to.
 */
import type { Evidence } from "../arbitration/evidence.ts";
import { LOOK_BACK_SAMPLES, measureWord } from "../arbitration/measure.ts";
import { SAMPLE_RATE } from "../memory/layout.ts";
import type { SharedMemory } from "../memory/shared-memory.ts";
import type { Hub } from "./hub.ts";
import { Listened } from "./listened.ts";
import type { RelayVoice } from "./seat.ts";

/** So often, at least, a relay says that it is there. */
const BEAT_MS = 200;

export interface HeardWord {
  readonly stream: number;
  /** Name of a stream from elsewhere; empty for the local microphone. */
  readonly source: string;
  readonly model: string;
  readonly confidence: number;
  /** End of the frame that fired, monotonic ms. */
  readonly frameEndMs: number;
}

interface OpenAsk {
  readonly ask: number;
  readonly untilMs: number;
  readonly wordEndedAtMs: number;
}

/** One stream, and the relay that it is heard for. */
class Ear {
  readonly sender: { readonly relayId: string; readonly connection: number };
  readonly listened: Listened;
  readonly level;
  readonly audio;
  readonly asks: OpenAsk[] = [];
  claims = 0;
  beatAtMs = Number.NEGATIVE_INFINITY;
  heard = false;

  constructor(memory: SharedMemory, stream: number, relayId: string, connection: number) {
    this.sender = { relayId, connection };
    this.level = memory.level(stream).reader();
    this.listened = new Listened(memory.level(stream).reader(), memory.score(stream).reader());
    this.audio = memory.audioReader(stream, "newest");
  }
}

export interface HubEarsOptions {
  readonly memory: SharedMemory;
  readonly hub: Hub;
  readonly monotonicMs: () => number;
}

export class HubEars {
  readonly #options: HubEarsOptions;
  readonly #ears = new Map<number, Ear>();
  readonly #pcm = new Int16Array(LOOK_BACK_SAMPLES);

  constructor(options: HubEarsOptions) {
    this.#options = options;
  }

  /** How to speak to the relay of this stream: by doing what it would do. */
  voice(stream: number): RelayVoice {
    return {
      ask: (ask, untilMs, wordEndedAtMs) => {
        this.#ears.get(stream)?.asks.push({ ask, untilMs, wordEndedAtMs });
      },
      granted: ({ claims, fence }) => {
        const { hub } = this.#options;
        // Its sound is here already: nobody has to wait for it.
        const ear = this.#ears.get(stream);
        const [claim] = claims;
        if (ear && claim !== undefined) hub.tell({ type: "audio", ...ear.sender, claim, fence, last: false });
      },
      cancelled: () => {},
      rejected: () => {},
      over: () => {},
      // Its stream has another sender already, which ended the old one.
      displaced: () => {},
    };
  }

  open(stream: number, relayId: string, connection: number): void {
    this.#ears.set(stream, new Ear(this.#options.memory, stream, relayId, connection));
  }

  /** Where another connection has the stream meanwhile, nothing. */
  close(stream: number, connection: number): void {
    if (this.#ears.get(stream)?.sender.connection === connection) this.#ears.delete(stream);
  }

  /** Whether somebody waits for an answer: then look again soon. */
  get isAsked(): boolean {
    for (const { asks } of this.#ears.values()) if (asks.length > 0) return true;
    return false;
  }

  heard({ stream, model, confidence, frameEndMs }: HeardWord): void {
    const ear = this.#ears.get(stream);
    if (ear === undefined) return;
    const { evidence, endedAtMs } = this.#measure(ear, frameEndMs, confidence);
    const number = ++ear.claims;
    this.#options.hub.claim(ear.sender, { number, model, confidence, endedAtMs, evidence });
  }

  /** Beats, and answers that are due. */
  look(): void {
    const { hub, monotonicMs } = this.#options;
    const nowMs = monotonicMs();
    for (const ear of this.#ears.values()) {
      const hears = ear.listened.hears(nowMs);
      if (hears !== ear.heard || nowMs - ear.beatAtMs >= BEAT_MS) {
        if (hears && !ear.heard) hub.tell({ type: "onset", ...ear.sender });
        hub.tell({ type: "beat", ...ear.sender, hears });
        ear.heard = hears;
        ear.beatAtMs = nowMs;
      }
      for (const open of ear.asks.splice(0)) {
        const answer = ear.listened.answer(open.wordEndedAtMs, nowMs);
        if (answer !== undefined) hub.tell({ type: answer, ...ear.sender, ask: open.ask });
        if (answer !== "pass" && nowMs < open.untilMs) ear.asks.push(open);
      }
    }
  }

  #measure(ear: Ear, frameEndMs: number, confidence: number): { evidence: Evidence | undefined; endedAtMs: number } {
    const { atMs, written } = ear.level.read();
    const behind = Math.max(0, Math.round(((atMs - frameEndMs) * SAMPLE_RATE) / 1000));
    const pcm = this.#pcm;
    // A stream that has just begun has less before the word; what the ring held before is silence then.
    if (!ear.audio.copyBefore((written - behind) | 0, pcm)) return { evidence: undefined, endedAtMs: frameEndMs };
    const { evidence, word } = measureWord(pcm, pcm.length, confidence);
    return { evidence, endedAtMs: frameEndMs - ((pcm.length - word.to) * 1000) / SAMPLE_RATE };
  }
}
