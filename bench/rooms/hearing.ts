// Which relays the wake word fires at, and when: the real network over what each of them hears.

import { defaultSettings } from "../../src/wake/detector.ts";
import type { Engine } from "../../src/wake/engine.ts";
import { HOP_MS, HOP_SAMPLES } from "../../src/wake/features.ts";
import { Trigger } from "../../src/wake/trigger.ts";
import type { Frame } from "./asked.ts";
import { LEAD_SAMPLES } from "./rendering.ts";

const SAMPLES_PER_MS = 16;
/** How much of the noise before the word the network hears, beside a past that sounded like the first 80 ms of it. */
const NOISE_HOPS = 3;
/** Of the voices by themselves: -25 and -50 dB of full scale. */
const DRY_LEVELS = [32_767 * 10 ** (-25 / 20), 32_767 * 10 ** (-50 / 20)];

export interface Fired {
  /** The sample behind the frame that fired. */
  readonly at: number;
  readonly confidence: number;
}

/** What one relay's network made of a word. */
export interface Ear {
  readonly frames: readonly Frame[];
  /** The frame in which its trigger fired, with its default settings; undefined if it did not. */
  readonly fired: Fired | undefined;
}

/**
 * Everything in one run, frame by frame. The frames of a relay begin where they happen to.
 *
 * @param pcms 16 kHz mono; undefined for a relay out of earshot
 * @param phases how many samples earlier each relay's frames begin, 0 to 1279
 * @returns for each of `pcms`
 */
export async function hear(
  engine: Engine,
  pcms: readonly (Int16Array | undefined)[],
  phases: readonly number[],
): Promise<readonly (Ear | undefined)[]> {
  const [model] = engine.models;
  if (!model) throw new Error("the engine has no model to hear with");
  const settings = defaultSettings(model);
  const begin = (i: number): number => LEAD_SAMPLES - NOISE_HOPS * HOP_SAMPLES - (phases[i] ?? 0);
  const lanes = pcms.flatMap((pcm, i) =>
    pcm
      ? [
          {
            i,
            pcm,
            at: begin(i),
            stream: engine.newStream(),
            scores: new Float32Array(1),
            trigger: new Trigger(settings),
            frames: [] as Frame[],
            fired: NOT_FIRED,
          },
        ]
      : [],
  );
  for (const { stream, pcm, at } of lanes) await stream.settle(pcm.subarray(at, at + HOP_SAMPLES));
  let open = lanes;
  while (open.length > 0) {
    await engine.hopAll(
      open.map(({ stream, pcm, at, scores }) => ({ stream, pcm: pcm.subarray(at, at + HOP_SAMPLES), scores })),
    );
    for (const lane of open) {
      lane.at += HOP_SAMPLES;
      const confidence = lane.scores[0] ?? 0;
      lane.frames.push({ endMs: lane.at / SAMPLES_PER_MS, nearness: confidence / settings.threshold });
      if (!lane.trigger.step(confidence, (lane.at / HOP_SAMPLES) * HOP_MS)) continue;
      lane.fired ??= { at: lane.at, confidence };
    }
    open = open.filter(({ at, pcm }) => at + HOP_SAMPLES <= pcm.length);
  }
  const ears = new Map(lanes.map(({ i, frames, fired }) => [i, { frames, fired }]));
  return pcms.map((_, i) => ears.get(i));
}

const NOT_FIRED: Fired | undefined = undefined;

/**
 * The voices at which the word fires wherever the frames begin, loud and soft, when they are heard as they were recorded:
 * what a room makes of a word is measured here, and not which voices the network knows.
 */
export async function knownTo(engine: Engine, voices: readonly Float32Array[]): Promise<readonly Float32Array[]> {
  const phases = [0, 320, 640, 960];
  const known: Float32Array[] = [];
  for (const voice of voices) {
    const pcms = DRY_LEVELS.flatMap((level) => phases.map(() => dry(voice, level)));
    const ears = await hear(engine, pcms, [...phases, ...phases]);
    if (ears.every((ear) => ear?.fired !== undefined)) known.push(voice);
  }
  return known;
}

function dry(voice: Float32Array, level: number): Int16Array {
  const pcm = new Int16Array(LEAD_SAMPLES + voice.length + HOP_SAMPLES * 10);
  for (let i = 0; i < pcm.length; i++) pcm[i] = Math.round(level * (voice[i - LEAD_SAMPLES] ?? 0)) + (i % 3) - 1;
  return pcm;
}
