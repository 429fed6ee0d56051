/**
 * Holds what relays claimed against the sound that they sent for it. Keeps the first seconds of each granted command until they
 * were measured, and overwrites them. A verdict that was given stands: what comes of a check is for later ones.
 */
import type { Evidence } from "../arbitration/evidence.ts";
import { mostShown } from "../arbitration/measure.ts";
import { overstated } from "../arbitration/measure-check.ts";
import type { Granted, GrantedSound } from "./hub.ts";

const SAMPLES_PER_MS = 16;
/** Behind the word: relays tell where it ended, but not to the sample. */
const BEHIND_MS = 1000;
/** Of the longest word, with what is before and behind it. */
const MOST_SAMPLES = 4000 * SAMPLES_PER_MS;
/** Two times of one clock that were put into the hub's at two moments. */
const CLOCK_TOLERANCE_MS = 60;
/**
 * A relay measures the noise over the seconds before the word, and its sound begins half a second before it: whoever talked before
 * the word and talks on leaves no quiet in that. So only so many commands in a row say that a relay overstates how far it is
 * above the noise.
 */
const NOISY_IN_A_ROW = 6;
/** Both hang on where the sound was cut, and on the noise: of 6,000 honest claims the worst were 4.5 dB and a factor of 2.3 off. */
const ATTACK_ALLOWANCE_DB = 3;
const VARIANCE_ALLOWANCE = 1.4;

export type Checked =
  | { readonly kind: "honest" }
  | { readonly kind: "overstated"; readonly because: string }
  /** Nothing can be said, and nothing changes. */
  | { readonly kind: "unchecked"; readonly because: string };

interface Open {
  readonly grant: Granted;
  /** As much as is measured; undefined before the first piece. */
  pcm: Int16Array | undefined;
  filled: number;
}

export class EvidenceChecks {
  readonly #open = new Map<number, Open>();
  /** How many commands in a row seem to have overstated how far they were above the noise. */
  readonly #noisy = new Map<string, number>();
  readonly #tell: (relayId: string, checked: Checked) => void;

  constructor(tell: (relayId: string, checked: Checked) => void) {
    this.#tell = tell;
  }

  /** To be called for relays that measure their evidence themselves. */
  granted(grant: Granted): void {
    if (grant.evidence !== undefined) this.#open.set(grant.fence, { grant, pcm: undefined, filled: 0 });
  }

  /** Copies what it needs. Measures once a command, a second behind its word, for some 10 ms. */
  sound(piece: Omit<GrantedSound, "relayId">): void {
    const open = this.#open.get(piece.fence);
    if (open === undefined) return;
    const { pcm, missingSamples, last } = piece;
    if (open.pcm === undefined && pcm.length > 0) {
      const unfit = this.#begin(open, piece);
      if (unfit !== undefined) {
        this.#end(open, unfit);
        return;
      }
    } else if (missingSamples > 0) {
      this.#end(open, "samples of its sound are missing");
      return;
    }
    const wanted = open.pcm ?? new Int16Array(0);
    const taken = pcm.subarray(0, wanted.length - open.filled);
    wanted.set(taken, open.filled);
    open.filled += taken.length;
    if (open.filled > 0 && open.filled >= wanted.length) this.#check(open, wanted);
    else if (last) this.#end(open, "it sent too little sound");
  }

  over(fence: number): void {
    const open = this.#open.get(fence);
    if (open !== undefined) this.#end(open, open.filled === 0 ? "it sent no sound" : "it sent too little sound");
  }

  /** @returns why its sound cannot be held against the claim, if so */
  #begin(open: Open, { atMs }: Omit<GrantedSound, "relayId">): string | undefined {
    const { endedAtMs, evidence } = open.grant;
    if (atMs === undefined) return "its clock is not known yet";
    if (atMs > endedAtMs - (evidence?.durationMs ?? 0) + CLOCK_TOLERANCE_MS) return "its sound begins behind the word";
    const wanted = Math.ceil((endedAtMs + BEHIND_MS - atMs) * SAMPLES_PER_MS);
    if (wanted > MOST_SAMPLES) return "its sound begins long before the word";
    open.pcm = new Int16Array(wanted);
    return undefined;
  }

  #check(open: Open, pcm: Int16Array): void {
    const { evidence } = open.grant;
    if (evidence === undefined) return;
    const because = this.#overstated(open.grant.relayId, evidence, mostShown(pcm, evidence.durationMs));
    this.#close(open, because === undefined ? { kind: "honest" } : { kind: "overstated", because });
  }

  #overstated(relayId: string, claimed: Evidence, measured: Evidence): string | undefined {
    const shown = {
      ...measured,
      attackDb: (measured.attackDb ?? 0) + ATTACK_ALLOWANCE_DB,
      envelopeVariance: measured.envelopeVariance * VARIANCE_ALLOWANCE,
    };
    const but = overstated(claimed, { ...shown, snrDb: Number.isFinite(claimed.snrDb) ? claimed.snrDb : shown.snrDb });
    if (but !== undefined) return but;
    const because = overstated(claimed, shown);
    const inARow = because === undefined ? 0 : (this.#noisy.get(relayId) ?? 0) + 1;
    this.#noisy.set(relayId, inARow % NOISY_IN_A_ROW);
    return inARow === NOISY_IN_A_ROW ? `${because}, ${inARow} times in a row` : undefined;
  }

  #end(open: Open, because: string): void {
    this.#close(open, { kind: "unchecked", because });
  }

  #close({ grant, pcm }: Open, checked: Checked): void {
    pcm?.fill(0);
    this.#open.delete(grant.fence);
    this.#tell(grant.relayId, checked);
  }
}
