/**
 * Claims of relays that detect and do not measure: held back until the sound of their word is here, which comes at once behind
 * them, and measured from that. A claim without evidence could only win where nobody measures. No socket, no clock.
 */
import type { Claim } from "../arbitration/claim.ts";
import type { Sender } from "../arbitration/events.ts";
import type { Evidence } from "../arbitration/evidence.ts";
import { HEARD_OUT_MS } from "../arbitration/heard-out.ts";
import { measureWord } from "../arbitration/measure.ts";
import { SAMPLE_RATE_HZ } from "./limits.ts";
import type { RelaySound } from "./relay-handler.ts";

const SAMPLES_PER_MS = SAMPLE_RATE_HZ / 1000;
/** What was heard before a claim is sent at once: whose sound takes longer is not measured. */
const WAITS_MS = 100;
/** The longest word, with what stands before it. */
const MOST_SAMPLES = 4000 * SAMPLES_PER_MS;

/** Of one claim, as it came. */
export type ClaimSoundPiece = RelaySound & { readonly fence: number | undefined; readonly last: boolean };

interface Held {
  readonly sender: Sender;
  readonly claim: Claim;
  readonly untilMs: number;
  readonly pieces: ClaimSoundPiece[];
  samples: number;
}

/** What is no longer held: the claim first, then its sound. */
export interface Released {
  readonly sender: Sender;
  readonly claim: Claim;
  readonly pieces: readonly ClaimSoundPiece[];
}

export class UnmeasuredClaims {
  #held: readonly Held[] = [];
  /** The newest claim of a connection that was held once: nothing is held twice. */
  readonly #newest = new Map<number, number>();

  /** @returns whether it is held: one that has been is not again */
  hold(sender: Sender, claim: Claim, nowMs: number): boolean {
    const { connection } = sender;
    if (claim.number <= (this.#newest.get(connection) ?? 0)) return this.#find(connection, claim.number) !== undefined;
    this.#newest.set(connection, claim.number);
    this.#held = [...this.#held, { sender, claim, untilMs: nowMs + WAITS_MS, pieces: [], samples: 0 }];
    return true;
  }

  /**
   * Takes a piece of a claim's sound, if the claim is held.
   *
   * @returns undefined where it is not; else what is released now
   */
  sound(connection: number, number: number, piece: ClaimSoundPiece): readonly Released[] | undefined {
    const held = this.#find(connection, number);
    if (held === undefined) return undefined;
    held.pieces.push(piece);
    held.samples += piece.pcm.length;
    const wanted = wantedSamples(held);
    return piece.last || wanted === undefined || held.samples >= wanted ? [this.#release(held, wanted)] : [];
  }

  /** Those whose sound has not come. */
  due(nowMs: number): readonly Released[] {
    return this.#held.filter(({ untilMs }) => nowMs >= untilMs).map((held) => this.#release(held, undefined));
  }

  /** Whether one of the connection is: it says more than any answer. */
  holds(connection: number): boolean {
    return this.#held.some((held) => held.sender.connection === connection);
  }

  /** Overwrites what was kept of a connection. */
  forget(connection: number): void {
    for (const { pieces } of this.#held.filter((held) => held.sender.connection === connection)) {
      for (const { pcm } of pieces) pcm.fill(0);
    }
    this.#held = this.#held.filter((held) => held.sender.connection !== connection);
    this.#newest.delete(connection);
  }

  #find(connection: number, number: number): Held | undefined {
    return this.#held.find((held) => held.sender.connection === connection && held.claim.number === number);
  }

  /** @param wanted samples of it that are measured, if they are there */
  #release(held: Held, wanted: number | undefined): Released {
    this.#held = this.#held.filter((one) => one !== held);
    const { sender, claim, pieces, samples } = held;
    const evidence = wanted !== undefined && samples >= wanted ? measured(held, wanted) : undefined;
    return { sender, claim: { ...claim, evidence }, pieces };
  }
}

/** From the first sample to the word's end; undefined where nobody can say where that is. */
function wantedSamples({ claim: { endedAtMs }, pieces }: Held): number | undefined {
  const [first] = pieces;
  if (first?.atMs === undefined || pieces.slice(1).some(({ missingSamples }) => missingSamples > 0)) return undefined;
  const samples = Math.ceil((endedAtMs - first.atMs) * SAMPLES_PER_MS);
  return samples > 0 && samples <= MOST_SAMPLES ? samples : undefined;
}

function measured({ claim, pieces, samples }: Held, wanted: number): Evidence {
  const pcm = new Int16Array(Math.min(samples, wanted + HEARD_OUT_MS * SAMPLES_PER_MS));
  let filled = 0;
  for (const piece of pieces) {
    const taken = piece.pcm.subarray(0, pcm.length - filled);
    pcm.set(taken, filled);
    filled += taken.length;
  }
  const { evidence } = measureWord(pcm, pcm.length, claim.confidence);
  pcm.fill(0);
  return evidence;
}
