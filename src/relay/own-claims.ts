/** What a relay claims on one connection, what it is granted, and the sound that goes with both. No socket, no clock. */
import { HEARD_OUT_MS } from "../arbitration/heard-out.ts";
import {
  LOOK_BACK_SAMPLES,
  measureEnvelope,
  measureWord,
  TAIL_SAMPLES,
  type WordSamples,
} from "../arbitration/measure.ts";
import type { AudioTape } from "./audio-tape.ts";
import { ClaimSound } from "./claim-sound.ts";
import * as limits from "./limits.ts";
import type { ToHub } from "./messages-to-hub.ts";
import type { MessageToRelay } from "./messages-to-relay.ts";
import type { RelayEvent } from "./relay-events.ts";

/** Sound that is sent before a word begins. */
const PRE_ROLL_SAMPLES = limits.SAMPLE_RATE_HZ / 2;
/** Envelopes that wait for the sound behind their word. */
const MOST_ENVELOPES = 8;

export interface OwnClaimsOptions {
  readonly connection: number;
  readonly tape: AudioTape;
  /** Whether it tells what it measured. */
  readonly evidence: boolean;
  /** Rises over all connections, so that no verdict of one can be taken for another's. */
  readonly nextClaim: () => number;
  readonly say: (message: ToHub) => void;
  readonly sendFrame: (frame: Uint8Array<ArrayBuffer>) => void;
  readonly tell: (event: RelayEvent) => void;
}

/** A word that another relay claims, and this one was asked about. */
export interface Seconded {
  readonly ask: number;
  /** This relay's clock. */
  readonly wordEndedAtMs: number;
}

interface Claimed {
  readonly claim: number;
  /** The first sample that is sent for it. */
  readonly from: number;
}

/** Claims that wait for a verdict: of one utterance, as far as this relay can tell. The sound is that of the first. */
type Turn =
  | { readonly kind: "quiet" }
  | {
      readonly kind: "claiming";
      readonly claims: readonly [Claimed, ...Claimed[]];
      readonly sound: ClaimSound;
      readonly untilMs: number;
    };

/** What was granted. */
type Command =
  | { readonly kind: "none" }
  | {
      readonly kind: "speaking";
      readonly claim: number;
      readonly fence: number;
      readonly sound: ClaimSound;
      readonly untilMs: number;
    }
  /** All its sound was sent, or the hub listened to it anyway. */
  | { readonly kind: "heard"; readonly claim: number; readonly fence: number };

/** A word whose envelope is sent when the sound behind it was heard. */
interface AwaitedTail {
  readonly claim: number;
  readonly word: WordSamples;
}

type Lost = Extract<RelayEvent, { readonly type: "lost" }>;

export class OwnClaims {
  readonly #options: OwnClaimsOptions;
  #turn: Turn = { kind: "quiet" };
  #command: Command = { kind: "none" };
  #envelopes: readonly AwaitedTail[] = [];

  constructor(options: OwnClaimsOptions) {
    this.#options = options;
  }

  /**
   * A word was heard in the newest sound of the tape; or, where it is claimed only because another relay is sure, when that
   * one heard it.
   *
   * @returns when it ended
   */
  claim(model: string, confidence: number, nowMs: number, seconded?: Seconded): number {
    const { tape, nextClaim, evidence: measures, say, tell } = this.#options;
    const heardTo = seconded === undefined ? tape.end : tape.sampleAt(seconded.wordEndedAtMs + HEARD_OUT_MS);
    const end = Math.max(tape.oldest, Math.min(heardTo, tape.end));
    const first = Math.max(tape.oldest, end - LOOK_BACK_SAMPLES);
    const pcm = tape.read(first, end);
    const { evidence, word } = measureWord(pcm, pcm.length, confidence);
    const claim = nextClaim();
    const there = { from: first + word.from, to: first + word.to };
    const endedAtMs = tape.atMs(there.to);
    const measured = measures ? { evidence } : {};
    const answered = seconded === undefined ? {} : { ask: seconded.ask };
    say({ type: "claim", claim, model, confidence, endedAtMs, sentAtMs: nowMs, ...answered, ...measured });
    const claimed = { claim, from: there.from - PRE_ROLL_SAMPLES };
    if (this.#turn.kind === "claiming") {
      this.#turn = { ...this.#turn, claims: [...this.#turn.claims, claimed] };
    } else {
      const untilMs = nowMs + limits.VERDICT_MS;
      this.#turn = { kind: "claiming", claims: [claimed], sound: this.#soundOf(claimed), untilMs };
    }
    if (measures) this.#envelopes = [...this.#envelopes, { claim, word: there }].slice(-MOST_ENVELOPES);
    tell({ type: "claimed", claim, model, confidence });
    return endedAtMs;
  }

  granted({ claims, fence }: MessageToRelay<"granted">, nowMs: number): void {
    const { tell } = this.#options;
    if (claims.length === 0) {
      this.#command = { kind: "heard", claim: 0, fence };
      tell({ type: "granted", claim: 0, fence });
      return;
    }
    if (this.#turn.kind !== "claiming") return;
    if (this.#command.kind !== "none" && this.#command.fence === fence) {
      // Of the utterance that it was granted already, and whose sound is that of its first claim.
      this.#turn = { kind: "quiet" };
      return;
    }
    const won = this.#turn.claims.find(({ claim }) => claims.includes(claim));
    // Of a claim that was given up: the hub will see that nothing comes.
    if (won === undefined) return;
    const sound = won === this.#turn.claims[0] ? this.#turn.sound : this.#soundOf(won);
    const { claim } = won;
    this.#turn = { kind: "quiet" };
    this.#command = { kind: "speaking", claim, fence, sound, untilMs: nowMs + limits.LONGEST_COMMAND_MS };
    tell({ type: "granted", claim, fence });
    this.#send(sound, fence);
  }

  cancelled(claims: readonly number[], lost: Lost): void {
    // The hub listens for this relay, and claimed for it.
    if (claims.length === 0) this.#options.tell(lost);
    if (this.#command.kind !== "none" && claims.includes(this.#command.claim)) {
      this.#command = { kind: "none" };
      this.#options.tell(lost);
    }
    if (this.#turn.kind !== "claiming") return;
    const [streamed] = this.#turn.claims;
    const [next, ...others] = this.#turn.claims.filter(({ claim }) => !claims.includes(claim));
    if (next === undefined) {
      this.#turn = { kind: "quiet" };
      this.#options.tell(lost);
    } else {
      const sound = next === streamed ? this.#turn.sound : this.#soundOf(next);
      this.#turn = { ...this.#turn, claims: [next, ...others], sound };
    }
  }

  enough(fence: number): void {
    if (this.#command.kind !== "speaking" || this.#command.fence !== fence) return;
    this.endSound();
    this.#options.tell({ type: "enough", fence });
  }

  over(fence: number, why: string): void {
    if (this.#command.kind === "none" || this.#command.fence !== fence) return;
    this.#command = { kind: "none" };
    this.#options.tell({ type: "over", fence, why });
  }

  /** Sends what there is, and gives up what took too long. */
  pursue(nowMs: number): void {
    if (this.#command.kind === "speaking") {
      if (nowMs >= this.#command.untilMs) this.endSound();
      else this.#send(this.#command.sound, this.#command.fence);
    }
    if (this.#turn.kind === "claiming") {
      const claims = this.#turn.claims.map(({ claim }) => claim);
      if (nowMs < this.#turn.untilMs) this.#send(this.#turn.sound, undefined);
      else this.cancelled(claims, { type: "lost", why: "no_verdict", winner: undefined });
    }
    this.#sendEnvelopes();
  }

  /** Nothing follows of the command's sound. */
  endSound(): void {
    if (this.#command.kind !== "speaking") return;
    const { claim, fence, sound } = this.#command;
    this.#send(sound, fence);
    this.#options.say({ type: "audio_end", claim });
    this.#command = { kind: "heard", claim, fence };
  }

  /** The command is over for the relay. */
  finish(): void {
    if (this.#command.kind === "none") return;
    this.#options.say({ type: "finished", fence: this.#command.fence });
    this.#command = { kind: "none" };
  }

  /** Forgets everything. @returns whether something was under way */
  forget(): boolean {
    const underWay = this.#turn.kind === "claiming" || this.#command.kind !== "none";
    this.#turn = { kind: "quiet" };
    this.#command = { kind: "none" };
    this.#envelopes = [];
    return underWay;
  }

  #soundOf({ claim, from }: Claimed): ClaimSound {
    const { tape, connection } = this.#options;
    return new ClaimSound(tape, { kind: "claim", connection, number: claim }, from);
  }

  #send(sound: ClaimSound, fence: number | undefined): void {
    for (const frame of sound.frames(fence)) this.#options.sendFrame(frame);
  }

  #sendEnvelopes(): void {
    if (this.#envelopes.length === 0) return;
    const { tape, say } = this.#options;
    const left: AwaitedTail[] = [];
    for (const envelope of this.#envelopes) {
      const { claim, word } = envelope;
      if (tape.end < word.to + TAIL_SAMPLES) {
        left.push(envelope);
        continue;
      }
      const first = Math.max(tape.oldest, word.from - LOOK_BACK_SAMPLES);
      const pcm = tape.read(first, word.to + TAIL_SAMPLES);
      const there = { from: word.from - first, to: word.to - first };
      const { levelsDb, endsAt, floorDb } = measureEnvelope(pcm, there);
      say({ type: "envelope", claim, levelsDb: [...levelsDb], endsAt, floorDb });
    }
    this.#envelopes = left;
  }
}
