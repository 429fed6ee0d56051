// What the relays of a house report of one word, measured by the same code that relays run.
import type { CoarseEnvelope, Evidence } from "../../src/arbitration/evidence.ts";
import type { HeardShare } from "../../src/arbitration/gains-words.ts";
import { HEARD_OUT_MS } from "../../src/arbitration/heard-out.ts";
import { measureEnvelope, measureWord } from "../../src/arbitration/measure.ts";
import type { Engine } from "../../src/wake/engine.ts";
import { HOP_SAMPLES } from "../../src/wake/features.ts";
import type { Random } from "../accuracy/seeded.ts";
import { CLAIM_MS, saidBy, WINDOW_MS } from "./asked.ts";
import { type Ear, hear } from "./hearing.ts";
import { type House, walk } from "./house.ts";
import { LEAD_SAMPLES, type Rendering, type Spoken } from "./rendering.ts";

const SAMPLES_PER_MS = 16;
/** Relays of a house: the first so many of it. */
export const COUNTS: readonly number[] = [2, 3, 4, 5];

/** What a relay reported; undefined if it did not claim the word in time. */
export interface Report {
  readonly evidence: Evidence;
  readonly envelope: CoarseEnvelope;
  /** When the frame ended that it claimed in, ms. */
  readonly endedAtMs: number;
  /** As it was measured. */
  readonly wordEndedMs: number;
}

export interface Round {
  readonly room: number;
  /** From the person to each relay, m. */
  readonly distances: readonly number[];
  /** Of the first so many relays of the house, if there are no others. */
  readonly reportsOf: (count: number) => readonly (Report | undefined)[];
}

function pcmOf(sound: Float32Array): Int16Array {
  return Int16Array.from(sound, (x) => Math.max(-32_768, Math.min(32_767, Math.round(x * 32_767))));
}

/** A word, and the real network over what every relay hears of it. */
export async function roundOf(
  house: House,
  spoken: Spoken,
  rendering: Rendering,
  engine: Engine,
  random: Random,
): Promise<Round> {
  const pcms = rendering.render(spoken).map(({ sound, inEarshot }) => (inEarshot ? pcmOf(sound) : undefined));
  const ears = await hear(
    engine,
    pcms,
    pcms.map(() => Math.floor(random() * HOP_SAMPLES)),
  );
  const measured = new Map<string, Report>();
  const reportAt = (relay: number, at: number): Report => {
    const known = measured.get(`${relay} ${at}`);
    if (known !== undefined) return known;
    const report = reportOf(pcms[relay] ?? new Int16Array(at), at, ears[relay]?.fired?.confidence ?? 0);
    measured.set(`${relay} ${at}`, report);
    return report;
  };
  const all = new Map(COUNTS.map((count) => [count, claimsOf(ears.slice(0, count), reportAt)]));
  return { room: spoken.room, distances: distancesFrom(house, spoken), reportsOf: (count) => all.get(count) ?? [] };
}

/**
 * One round: who claims by itself, who seconds the first claim, and who comes when all others have spoken.
 *
 * @param reportAt what a relay measures at a sample
 */
function claimsOf(
  ears: readonly (Ear | undefined)[],
  reportAt: (relay: number, at: number) => Report,
): readonly (Report | undefined)[] {
  const hits = ears.flatMap((ear, relay) => (ear?.fired === undefined ? [] : { relay, at: ear.fired.at }));
  const [first] = hits.sort((one, other) => one.at - other.at || one.relay - other.relay);
  if (first === undefined) return ears.map(() => undefined);
  const opening = reportAt(first.relay, first.at);
  const firedMs = first.at / SAMPLES_PER_MS;
  const claim = { firedMs, wordEndedMs: opening.wordEndedMs };
  const said = ears.map((ear, relay) => {
    if (ear === undefined || relay === first.relay) return undefined;
    const own = ear.fired && ear.fired.at / SAMPLES_PER_MS;
    return saidBy(ear.frames, own, claim);
  });
  const closesAfterMs = Math.max(0, ...said.flatMap((one) => one?.afterMs ?? []));
  return ears.map((ear, relay) => {
    if (relay === first.relay) return opening;
    const says = said[relay];
    if (ear === undefined || says === undefined) return undefined;
    if (says.what === "second") {
      const heardToMs = Math.min(says.endMs, claim.wordEndedMs + HEARD_OUT_MS);
      return { ...reportAt(relay, Math.round(heardToMs * SAMPLES_PER_MS)), endedAtMs: firedMs + says.afterMs };
    }
    if (ear.fired === undefined) return undefined;
    const afterMs = ear.fired.at / SAMPLES_PER_MS + CLAIM_MS - firedMs;
    return afterMs <= Math.min(closesAfterMs, WINDOW_MS) ? reportAt(relay, ear.fired.at) : undefined;
  });
}

/** A sound that sets gains: every relay in earshot reports it, without a network. */
export function calibrationOf(house: House, spoken: Spoken, rendering: Rendering): Round {
  const reports = rendering.render(spoken).map(({ sound, inEarshot }) => {
    const report = inEarshot ? reportOf(pcmOf(sound), LEAD_SAMPLES + spoken.voice.length, 1) : undefined;
    return report && report.evidence.snrDb >= LEAST_CALIBRATION_SNR_DB ? report : undefined;
  });
  return {
    room: spoken.room,
    distances: distancesFrom(house, spoken),
    reportsOf: (count) => reports.slice(0, count),
  };
}

/** Quieter, and it is not the sound that was made. */
const LEAST_CALIBRATION_SNR_DB = 10;

function reportOf(pcm: Int16Array, firedAt: number, confidence: number): Report {
  const { evidence, word } = measureWord(pcm, firedAt, confidence);
  return {
    ...{ evidence, envelope: measureEnvelope(pcm, word) },
    endedAtMs: firedAt / SAMPLES_PER_MS,
    wordEndedMs: word.to / SAMPLES_PER_MS,
  };
}

function distancesFrom(house: House, { room, at }: Spoken): readonly number[] {
  return house.relays.map((relay) => walk(house, room, at, relay));
}

/** The same report from a microphone with a gain: it lifts levels and nothing else, but for the rounding of samples. */
export function withGain({ evidence, envelope, ...times }: Report, gainDb: number): Report {
  const { rms, bandDb, floorDb, evenDb } = evidence;
  return {
    ...times,
    evidence: {
      ...evidence,
      rms: rms * 10 ** (gainDb / 20),
      bandDb: bandDb + gainDb,
      floorDb: floorDb + gainDb,
      evenDb: evenDb === undefined ? undefined : evenDb + gainDb,
    },
    envelope: { ...envelope, levelsDb: envelope.levelsDb.map((db) => db + gainDb), floorDb: envelope.floorDb + gainDb },
  };
}

export function shareOf(relayId: string, { evidence, envelope }: Report): HeardShare {
  return { relayId, evidence, envelope };
}
