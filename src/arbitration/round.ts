/** One utterance and everybody who claimed it: what a round is, and what is asked of it in every phase. */
import { type Claim, compareClaims, type Span } from "./claim.ts";
import type { Effect, Ending, Loss } from "./effects.ts";
import type { ArbitrationSettings } from "./limits.ts";
import type { Policy, Ranked } from "./policy.ts";
import type { Earshot, Relay } from "./relay.ts";

/** Where a claimant stands. */
export type Standing =
  /** Not decided, or not yet told: the runner-up of a winner that has sent nothing. */
  | "contending"
  | "granted"
  | Loss
  /** Gone, or its connection replaced by another. */
  | "left"
  /** Was granted, and said that it is over before anything was accepted. */
  | "gave_up";

export interface Entrant {
  readonly relayId: string;
  readonly connection: number;
  /** The claim that speaks for it. */
  readonly claim: Claim;
  /** All its claims of this utterance that stand as it does, up to {@link MOST_NUMBERS} of them. */
  readonly numbers: readonly number[];
  /** Those that had lost before it claimed anew, as many. */
  readonly lostNumbers: readonly number[];
  /** How often it claimed what it had claimed before. */
  readonly repeats: number;
  /** Of its first claim. */
  readonly arrivedAtMs: number;
  /** It came after the verdict. */
  readonly late: boolean;
  /** Everything it has to say was held before it was granted. */
  readonly whole: boolean;
  readonly standing: Standing;
}

export type WaitOutcome =
  | "waiting"
  /** Its score is rising. */
  | "pending"
  | "claimed"
  | "passed"
  /** It said meanwhile that it hears nothing. */
  | "out_of_earshot"
  | "no_answer"
  | "left";

/** One who might have heard it too. */
export interface Wait {
  readonly relayId: string;
  readonly connection: number;
  /** Why it was waited for. */
  readonly because: Exclude<Earshot, "out_of_earshot">;
  /** The number it was asked with; undefined if it cannot answer. */
  readonly ask: number | undefined;
  readonly sinceMs: number;
  /** Until when at most. */
  readonly untilMs: number;
  readonly outcome: WaitOutcome;
  /** When the outcome was known. */
  readonly outcomeAtMs: number | undefined;
}

export interface Verdict {
  readonly atMs: number;
  /** Nobody else was in earshot; all who might have heard it have spoken; somebody did not, in the time there was. */
  readonly because: "alone" | "all_spoke" | "time";
  /** Best first. */
  readonly ranking: readonly Ranked[];
}

export interface Grant {
  readonly relayId: string;
  readonly connection: number;
  readonly fence: number;
  readonly atMs: number;
  /** The best at the verdict, or the best that was left. */
  readonly because: "best" | "runner_up";
}

interface Gathered {
  readonly id: number;
  readonly zone: string;
  readonly openedAtMs: number;
  /** The latest it may close. */
  readonly boundMs: number;
  /** From the begin of the earliest claimed word to the end of the latest, before the verdict. */
  readonly span: Span;
  /** When the word began, as far as it matters for what relays say to hear: never after it was claimed. */
  readonly beganAtMs: number;
  readonly entrants: ReadonlyMap<string, Entrant>;
  readonly waits: ReadonlyMap<string, Wait>;
  /** Who was not waited for, because they heard nothing. */
  readonly outOfEarshot: readonly string[];
}

/** Claims may join. */
export interface OpenRound extends Gathered {
  readonly phase: "open";
}

interface Decided extends Gathered {
  readonly verdict: Verdict;
  /** Newest last. */
  readonly grants: readonly [...Grant[], Grant];
}

/** The winner has not been heard yet; the others are still there to replace it. */
export interface GrantedRound extends Decided {
  readonly phase: "granted";
  readonly untilMs: number;
  /** The winner's time is over, and it is waited for because nobody is there to replace it. */
  readonly overdue: boolean;
}

/** The winner's audio is accepted, and nobody else's any more. */
export interface ServingRound extends Decided {
  readonly phase: "serving";
  readonly firstAudioAtMs: number;
  /** When it counts as stalled. */
  readonly untilMs: number;
  /** Its last audio has come. */
  readonly whole: boolean;
}

export interface OverRound extends Gathered {
  readonly phase: "over";
  readonly verdict: Verdict | undefined;
  readonly grants: readonly Grant[];
  readonly firstAudioAtMs: number | undefined;
  readonly overAtMs: number;
  readonly why: Ending;
  /** Later claims of this utterance lose. Otherwise nobody was heard, and such a claim begins a new round. */
  readonly settled: boolean;
}

export type Round = OpenRound | GrantedRound | ServingRound | OverRound;
export type LiveRound = Exclude<Round, OverRound>;

/** What a round's next step may know of the rest of the house. */
export interface Surroundings {
  readonly nowMs: number;
  readonly settings: ArbitrationSettings;
  readonly policy: Policy;
  readonly relays: ReadonlyMap<string, Relay>;
  /** Of the next grant. */
  readonly nextFence: number;
}

export interface Step<R extends Round = Round> {
  readonly round: R;
  readonly effects: readonly Effect[];
}

/** More claims than that of one relay and utterance come from no detector. */
const MOST_NUMBERS = 16;

export function newestGrant(round: { readonly grants: readonly [...Grant[], Grant] }): Grant {
  const [first, ...rest] = round.grants;
  return rest.at(-1) ?? first;
}

export function contending(round: Round): Entrant[] {
  return [...round.entrants.values()].filter(({ standing }) => standing === "contending");
}

export function isAwaited({ outcome }: Wait): boolean {
  return outcome === "waiting" || outcome === "pending";
}

/** When it has to be looked at again. */
export function deadlineMs(round: LiveRound): number {
  if (round.phase !== "open") return round.untilMs;
  let earliest = round.boundMs;
  for (const wait of round.waits.values()) if (isAwaited(wait)) earliest = Math.min(earliest, wait.untilMs);
  return earliest;
}

/** The entrant of a relay, if it is that connection which claimed. */
export function entrantOf(round: Round, relayId: string, connection: number): Entrant | undefined {
  const entrant = round.entrants.get(relayId);
  return entrant?.connection === connection ? entrant : undefined;
}

/** Whether a relay has made this claim in this round, on this connection. */
export function hasClaimed(round: Round, relayId: string, connection: number, number: number): boolean {
  const entrant = entrantOf(round, relayId, connection);
  return entrant !== undefined && (entrant.numbers.includes(number) || entrant.lostNumbers.includes(number));
}

export function entering(relay: Relay, claim: Claim, nowMs: number, late: boolean, standing: Standing): Entrant {
  return {
    relayId: relay.facts.id,
    connection: relay.connection,
    claim,
    numbers: [claim.number],
    lostNumbers: [],
    repeats: 0,
    arrivedAtMs: nowMs,
    late,
    whole: false,
    standing,
  };
}

/** An entrant that has lost and claims the same utterance with another claim. */
export function enteringAnew(before: Entrant, claim: Claim, nowMs: number, standing: Standing): Entrant {
  const lostNumbers = [...before.lostNumbers, ...before.numbers].slice(-MOST_NUMBERS);
  const numbers = [claim.number];
  return { ...before, claim, numbers, lostNumbers, arrivedAtMs: nowMs, late: true, whole: false, standing };
}

/** The same entrant with one more claim, which speaks for it if it is the better. */
export function claimedAgain(entrant: Entrant, claim: Claim): Entrant {
  const repeats = entrant.repeats + (entrant.numbers.includes(claim.number) ? 1 : 0);
  const speaks = compareClaims(claim, entrant.claim) < 0 ? claim : entrant.claim;
  return { ...alsoNumbered(entrant, claim.number), claim: speaks, repeats };
}

/** The same entrant with one more claim, which stands as it does and does not speak for it. */
export function alsoNumbered(entrant: Entrant, number: number): Entrant {
  if (entrant.numbers.includes(number)) return entrant;
  return { ...entrant, numbers: [...entrant.numbers, number].slice(-MOST_NUMBERS) };
}

export function withEntrant<R extends Round>(round: R, entrant: Entrant): R {
  return { ...round, entrants: new Map(round.entrants).set(entrant.relayId, entrant) };
}

export function withWait(round: OpenRound, wait: Wait): OpenRound {
  return { ...round, waits: new Map(round.waits).set(wait.relayId, wait) };
}
