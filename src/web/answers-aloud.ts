/**
 * Answers that somebody hears: this machine's loudspeaker says its own, and whatever a loudspeaker of the house says wakes
 * nobody near it. Within the web worker.
 */
import type { Relay } from "../arbitration/relay.ts";
import type { Config } from "../config/schema.ts";
import type { Activations } from "../hub/activations.ts";
import type { Guards } from "../hub/guards.ts";
import type { Hub } from "../hub/hub.ts";
import { isNear } from "../hub/nearby.ts";
import { OwnVoice } from "../hub/own-voice.ts";
import type { Reply } from "../hub/reply.ts";
import type { HouseSpeaker } from "../playback/house-speaker.ts";

export interface AnswersAloudOptions {
  readonly hub: Hub;
  readonly relays: ReadonlyMap<string, Relay>;
  readonly activations: () => Pick<Activations, "all">;
  readonly config: () => Config;
  /** What this machine's microphone is called. */
  readonly localId: string;
  /** Undefined on a machine that has none. */
  readonly speaker: HouseSpeaker | undefined;
  readonly guards: Guards | undefined;
  readonly monotonicMs: () => number;
}

export class AnswersAloud {
  readonly #options: AnswersAloudOptions;
  readonly #ownVoice = new OwnVoice();
  /** What this machine's loudspeaker answers to. */
  #answers: number | undefined;

  constructor(options: AnswersAloudOptions) {
    this.#options = options;
  }

  /** Those that say an answer. */
  responding(): ReadonlySet<string> {
    const { activations, speaker, localId } = this.#options;
    const relays = activations().all.filter(({ state }) => state === "responding");
    return new Set([...relays.map(({ relay }) => relay), ...(speaker?.isPlaying ? [localId] : [])]);
  }

  /** A relay is about to say this. */
  says(relayId: string, text: string): void {
    this.#ownVoice.says(relayId, text, this.#options.monotonicMs());
  }

  /** Whether a word is one that an answer near that relay speaks. */
  isOwnVoice(relayId: string, model: string): boolean {
    if (this.#options.config().playback.while_playing === "listen") return false;
    return this.#ownVoice.said(model, (speaker) => this.#isNear(speaker, relayId));
  }

  /** To whoever stands before this machine. */
  say(fence: number, reply: Reply): void {
    const { speaker, hub } = this.#options;
    this.#answers = fence;
    const done = () => {
      if (this.#answers === fence) this.#answers = undefined;
      hub.finish(fence);
    };
    if (speaker === undefined) done();
    else speaker.say(reply, done);
  }

  /** What was granted is over: nothing more is said about it. */
  over(fence: number): void {
    if (fence !== this.#answers) return;
    this.#answers = undefined;
    this.#options.speaker?.stop();
  }

  /** With each look at the house: plays on, and guards the microphones that hear it. */
  look(nowMs: number): void {
    const { speaker, guards, hub } = this.#options;
    speaker?.look();
    const responding = this.responding();
    this.#ownVoice.look(responding, nowMs);
    if (guards === undefined) return;
    const near: number[] = [];
    if (responding.size > 0) {
      const speakers = [...responding];
      for (const { id, stream } of hub.seats.values()) {
        if (stream !== undefined && speakers.some((one) => this.#isNear(one, id))) near.push(stream);
      }
    }
    guards.look(near, nowMs);
  }

  /** Whether what one relay says is heard by another, or by itself. */
  #isNear(speaker: string, hearer: string): boolean {
    const { relays } = this.#options;
    const [there, here] = [relays.get(speaker)?.facts, relays.get(hearer)?.facts];
    return there !== undefined && here !== undefined && isNear(there, here);
  }
}
