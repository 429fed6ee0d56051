// What the relays of a house report of one word, measured by the same code that relays run.
import type { CoarseEnvelope, Evidence } from "../../src/arbitration/evidence.ts";
import type { HeardShare } from "../../src/arbitration/gains-words.ts";
import { measureEnvelope, measureWord } from "../../src/arbitration/measure.ts";
import type { Engine } from "../../src/wake/engine.ts";
import { HOP_SAMPLES } from "../../src/wake/features.ts";
import type { Random } from "../accuracy/seeded.ts";
import { hear } from "./hearing.ts";
import { type House, walk } from "./house.ts";
import { LEAD_SAMPLES, type Rendering, type Spoken } from "./rendering.ts";

/** What a relay reported; undefined if the word did not fire at it. */
export interface Report {
  readonly evidence: Evidence;
  readonly envelope: CoarseEnvelope;
  /** When the frame ended that fired, ms. */
  readonly endedAtMs: number;
}

export interface Round {
  readonly room: number;
  /** From the person to each relay, m. */
  readonly distances: readonly number[];
  readonly reports: readonly (Report | undefined)[];
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
  const fired = await hear(
    engine,
    pcms,
    pcms.map(() => Math.floor(random() * HOP_SAMPLES)),
  );
  const reports = pcms.map((pcm, i) => {
    const hit = fired[i];
    return pcm && hit && reportOf(pcm, hit.at, hit.confidence);
  });
  return { room: spoken.room, distances: distancesFrom(house, spoken), reports };
}

/** A sound that sets gains: every relay in earshot reports it, without a network. */
export function calibrationOf(house: House, spoken: Spoken, rendering: Rendering): Round {
  const reports = rendering.render(spoken).map(({ sound, inEarshot }) => {
    const report = inEarshot ? reportOf(pcmOf(sound), LEAD_SAMPLES + spoken.voice.length, 1) : undefined;
    return report && report.evidence.snrDb >= LEAST_CALIBRATION_SNR_DB ? report : undefined;
  });
  return { room: spoken.room, distances: distancesFrom(house, spoken), reports };
}

/** Quieter, and it is not the sound that was made. */
const LEAST_CALIBRATION_SNR_DB = 10;

function reportOf(pcm: Int16Array, firedAt: number, confidence: number): Report {
  const { evidence, word } = measureWord(pcm, firedAt, confidence);
  return { evidence, envelope: measureEnvelope(pcm, word), endedAtMs: firedAt / 16 };
}

function distancesFrom(house: House, { room, at }: Spoken): readonly number[] {
  return house.relays.map((relay) => walk(house, room, at, relay));
}

/** The same report from a microphone with a gain: it lifts levels and nothing else, but for the rounding of samples. */
export function withGain({ evidence, envelope, endedAtMs }: Report, gainDb: number): Report {
  const { rms, bandDb, floorDb, evenDb } = evidence;
  return {
    endedAtMs,
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
