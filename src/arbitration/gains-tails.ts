/**
 * What the late sound of one word says of the microphones that heard it: in a room it is about equally loud everywhere, so
 * that differences of tails are differences of gains. Pure.
 */
import type { CoarseEnvelope } from "./evidence.ts";
import type { Steps } from "./gains-steps.ts";
import { SILENCE_DB, toDb, toPower } from "./measure-spectrum.ts";

/** Steps of 20 ms. */
const STEP_MS = 20;
/** Words of one utterance are reported within this much of each other, in steps. */
const MOST_LAG = 300 / STEP_MS;
/** Two envelopes that agree less are not of one word, or one is of noise. */
const LEAST_CORRELATION = 0.5;
/** How much must lie over each other for a correlation to say anything. */
const LEAST_OVERLAP = 400 / STEP_MS;
/** The first sound behind a word is not diffuse yet, and the voice fades in it: it hangs on where somebody stands. */
const DIFFUSE_AFTER = 80 / STEP_MS;
const MOST_STEPS = 260 / STEP_MS;
const LEAST_STEPS = 3;
/** What is nearer to the noise is noise. */
const ABOVE_FLOOR_DB = 3;
/** A tail falls by more than this in two steps: where it does not, there is a voice. */
const WAVER_DB = 0.5;
/** Nearer to the noise, noise makes it waver more than that. */
const VOICE_ABOVE_FLOOR_DB = 8;

/** Of one word, relative to an unknown loudness that all tails of the word share. */
export interface Tail {
  readonly db: number;
  /** Of the measurement: waves of the diffuse field and what the noise left of it; standard deviation. */
  readonly uncertaintyDb: number;
}

/** An envelope, and how many steps later than the first one's its own begin. */
interface Aligned {
  readonly envelope: CoarseEnvelope;
  readonly lag: number;
}

/**
 * The tails of one word at several relays, in their order; undefined for one that is too noisy, does not agree with the
 * others, or where somebody talked on. Fewer than two are none.
 */
export function* findingTails(envelopes: readonly CoarseEnvelope[]): Steps<readonly (Tail | undefined)[]> {
  const none = envelopes.map(() => undefined);
  const clearest = envelopes.reduce<CoarseEnvelope | undefined>(
    (best, one) => (!best || clearness(one) > clearness(best) ? one : best),
    undefined,
  );
  if (!clearest) return none;
  const aligned: (Aligned | undefined)[] = [];
  for (const envelope of envelopes) {
    const lag = envelope === clearest ? 0 : lagOf(clearest, envelope);
    aligned.push(lag === undefined ? undefined : { envelope, lag });
    yield;
  }
  const end = yield* findingEndOfVoice(aligned.filter((one) => one !== undefined));
  if (end === undefined) return none;
  const first = end + DIFFUSE_AFTER;
  // Each is measured over the steps in which it stands clear of its noise; all over those in which enough of them do.
  const lengths = aligned.map((one) => (one ? clearSteps(one, first) : 0));
  const enough = lengths.filter((length) => length >= LEAST_STEPS);
  if (enough.length < 2) return none;
  const steps = Math.min(...enough);
  return aligned.map((one, i) => (one && (lengths[i] ?? 0) >= steps ? measured(one, first, steps) : undefined));
}

/** How far the loudest of an envelope stands above its noise, dB. */
function clearness({ levelsDb, floorDb }: CoarseEnvelope): number {
  return Math.max(SILENCE_DB, ...levelsDb) - floorDb;
}

/** How many steps later the same moment stands in `other`; undefined where they do not agree. */
function lagOf(one: CoarseEnvelope, other: CoarseEnvelope): number | undefined {
  const at = (lag: number): number => correlation(one, other, lag);
  let best = 0;
  let highest = Number.NEGATIVE_INFINITY;
  for (let lag = -MOST_LAG; lag <= MOST_LAG; lag++) {
    const found = at(lag);
    if (found > highest) [best, highest] = [lag, found];
  }
  if (!(highest >= LEAST_CORRELATION)) return undefined;
  // A parabola through the highest and its neighbours finds the fraction.
  const [before, after] = [at(best - 1), at(best + 1)];
  const bend = before - 2 * highest + after;
  return Number.isFinite(bend) && bend < 0 ? best + (before - after) / (2 * bend) : best;
}

function correlation(one: CoarseEnvelope, other: CoarseEnvelope, lag: number): number {
  let [count, sumA, sumB, squaresA, squaresB, products] = [0, 0, 0, 0, 0, 0];
  for (let i = Math.max(0, -lag); i < one.levelsDb.length && i + lag < other.levelsDb.length; i++) {
    const a = Math.max(one.levelsDb[i] ?? SILENCE_DB, one.floorDb);
    const b = Math.max(other.levelsDb[i + lag] ?? SILENCE_DB, other.floorDb);
    count++;
    sumA += a;
    sumB += b;
    squaresA += a * a;
    squaresB += b * b;
    products += a * b;
  }
  if (count < LEAST_OVERLAP) return Number.NEGATIVE_INFINITY;
  const spread = (squaresA - (sumA * sumA) / count) * (squaresB - (sumB * sumB) / count);
  return spread > 0 ? (products - (sumA * sumB) / count) / Math.sqrt(spread) : 0;
}

/** The level without the noise's share between two steps; undefined outside of the envelope or in the noise. */
function cleanDb({ envelope: { levelsDb, floorDb }, lag }: Aligned, step: number): number | undefined {
  const place = step + lag;
  const before = Math.floor(place);
  const clean = (level: number | undefined): number | undefined =>
    level !== undefined && level >= floorDb + ABOVE_FLOOR_DB ? toDb(toPower(level) - toPower(floorDb)) : undefined;
  const one = clean(levelsDb[before]);
  const share = place - before;
  if (share < 1e-6) return one;
  const other = clean(levelsDb[before + 1]);
  return one === undefined || other === undefined ? undefined : one * (1 - share) + other * share;
}

/** The last step, on the clearest one's scale, behind which sound only falls; undefined where no voice stands clear of the noise. */
function* findingEndOfVoice(aligned: readonly Aligned[]): Steps<number | undefined> {
  const steps = Math.max(0, ...aligned.map(({ envelope, lag }) => envelope.levelsDb.length - Math.floor(lag)));
  for (let step = steps; step > 1; step--) {
    let [count, change] = [0, 0];
    for (const one of aligned) {
      const [before, now] = [cleanDb(one, step - 2), cleanDb(one, step)];
      if (before === undefined || now === undefined || now < one.envelope.floorDb + VOICE_ABOVE_FLOOR_DB) continue;
      count++;
      change += now - before;
    }
    if (count > 0 && change / count > -WAVER_DB) return step;
    yield;
  }
  return undefined;
}

/** How many steps from `first` on stand above the noise without a gap. */
function clearSteps(one: Aligned, first: number): number {
  let steps = 0;
  while (steps < MOST_STEPS && cleanDb(one, first + steps) !== undefined) steps++;
  return steps;
}

function measured(one: Aligned, first: number, steps: number): Tail {
  let sum = 0;
  let variance = 0;
  for (let step = first; step < first + steps; step++) {
    const db = cleanDb(one, step) ?? 0;
    // A step of 20 ms in 3.7 kHz of a diffuse field wavers by half a decibel, and what noise there is by as much of itself.
    const noise = toPower(one.envelope.floorDb - db);
    sum += db;
    variance += (0.5 * (1 + 2 * noise)) ** 2;
  }
  return { db: sum / steps, uncertaintyDb: Math.sqrt(variance) / steps };
}
