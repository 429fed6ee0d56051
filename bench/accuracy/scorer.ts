/** Streams through the networks, once: triggers are tried on scores and voices afterwards. */
import { join } from "node:path";
import { z } from "zod";
import { VOICE_ACTIVITY } from "../../src/wake/catalogue.ts";
import { createEngine, type Engine } from "../../src/wake/engine.ts";
import { HOP_SAMPLES } from "../../src/wake/features.ts";
import type { LoadedModel, ModelEntry, ReadFile } from "../../src/wake/load.ts";
import { LOOK_BACK_SAMPLES, loadVoiceActivity, type VoiceActivity } from "../../src/wake/voice-activity.ts";
import { type Clip, readClip } from "./clips.ts";
import { columnOf, firingFrames } from "./counting.ts";
import { triedSettings } from "./curves.ts";
import type { PlacedClip } from "./mixing.ts";
import { type NoiseMaterial, pinkNoise } from "./noise.ts";
import { renderStream, type StreamPlan } from "./render.ts";
import { seededRandom } from "./seeded.ts";

export interface ScorerOptions {
  readonly models: readonly ModelEntry[];
  readonly material: NoiseMaterial;
  /** Scores are kept here, under a name made of the sound, the models and the program. */
  readonly cacheFolder: string;
}

export interface ScoredStream {
  readonly clips: readonly PlacedClip[];
  /** A row for each 80 ms, a column for each model. */
  readonly scores: Float32Array;
  /** The probability of speech by frame, for those in which some settings would ask for it. */
  readonly voices: ReadonlyMap<number, number>;
}

const readFile: ReadFile = (path) => Bun.file(path).bytes();

/** More than any probability: the look back goes on to its end. */
const ALL_OF_IT = 2;

const VOICE_PROGRAM = join(import.meta.dir, "../../src/wake/voice-activity.ts");

/** What kept figures were made by: those of another one do not count. */
interface Programs {
  readonly scores: string;
  readonly voices: string;
}

const voicePairs = z.array(z.tuple([z.int(), z.number()]));

/** What stands for the program that makes the scores: noise that swells and fades, and long enough for every head. */
const TRIAL_HOPS = 128;
const TRIAL_STREAMS = 2;
const SWELL_HOPS = 16;

/**
 * A hash of what the engine makes of the same sound: kept scores are those of another program where it differs, in
 * whatever digit.
 */
async function programHash(engine: Engine): Promise<string> {
  const width = engine.models.length;
  const lanes = Array.from({ length: TRIAL_STREAMS }, (_, lane) => ({
    stream: engine.newStream(),
    noise: pinkNoise(TRIAL_HOPS * HOP_SAMPLES, seededRandom(lane, "trial")),
    scores: new Float32Array(width),
  }));
  const hash = new Bun.CryptoHasher("sha256");
  for (let hop = 0; hop < TRIAL_HOPS; hop++) {
    const level = 4000 * Math.sin((Math.PI * hop) / SWELL_HOPS) ** 2;
    const pcmOf = (noise: Float32Array) =>
      Int16Array.from(noise.subarray(hop * HOP_SAMPLES, (hop + 1) * HOP_SAMPLES), (value) => value * level);
    await engine.hopAll(lanes.map(({ stream, noise, scores }) => ({ stream, pcm: pcmOf(noise), scores })));
    for (const { scores } of lanes) hash.update(new Uint8Array(scores.buffer));
  }
  return hash.digest("hex");
}

export class Scorer {
  readonly #noises = new Map<string, Promise<Int16Array>>();

  private constructor(
    private readonly engine: Engine,
    private readonly voice: VoiceActivity,
    private readonly programs: Programs,
    private readonly options: ScorerOptions,
  ) {}

  static async open(options: ScorerOptions): Promise<Scorer> {
    const engine = await createEngine({ models: options.models, readFile });
    const programs = { scores: await programHash(engine), voices: await Bun.file(VOICE_PROGRAM).text() };
    return new Scorer(engine, await loadVoiceActivity(readFile), programs, options);
  }

  readonly #readNoise = (clip: Clip): Promise<Int16Array> => {
    const pcm = this.#noises.get(clip.id) ?? readClip(clip);
    this.#noises.set(clip.id, pcm);
    return pcm;
  };

  get models(): readonly LoadedModel[] {
    return this.engine.models;
  }

  /** How the engine computes, in words. */
  get form(): string {
    const { embedding, mel } = this.engine.form;
    return `${embedding} embedding, ${mel} mel`;
  }

  /** Scores streams side by side. What one scores does not depend on which others are with it, but for the last digits. */
  async score(plans: readonly StreamPlan[]): Promise<readonly ScoredStream[]> {
    const streams: { readonly pcm: Int16Array; readonly clips: readonly PlacedClip[] }[] = [];
    for (const plan of plans) streams.push(await renderStream(plan, this.options.material, this.#readNoise));
    const key = new Bun.CryptoHasher("sha256");
    key.update(JSON.stringify([this.programs.scores, this.form, this.models.map(({ sha256 }) => sha256)]));
    for (const { pcm } of streams) key.update(new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength));
    const file = Bun.file(join(this.options.cacheFolder, `${key.digest("hex")}.f32`));
    const frames = streams.map(({ pcm }) => Math.floor(pcm.length / HOP_SAMPLES));
    const width = this.models.length;

    let all: Float32Array;
    if (await file.exists()) {
      all = new Float32Array(await file.arrayBuffer());
    } else {
      all = await this.#run(
        streams.map(({ pcm }) => pcm),
        frames,
      );
      await file.write(new Uint8Array(all.buffer));
    }
    let at = 0;
    const scored: ScoredStream[] = [];
    for (const [index, { clips, pcm }] of streams.entries()) {
      const size = (frames[index] ?? 0) * width;
      const scores = all.slice(at, at + size);
      at += size;
      scored.push({ clips, scores, voices: await this.#voicesOf(scores, pcm) });
    }
    return scored;
  }

  /** What a detector would be told in each frame in which one with any of the settings would ask. */
  async #voicesOf(scores: Float32Array, pcm: Int16Array): Promise<ReadonlyMap<number, number>> {
    const frames = this.models.flatMap((model, column) => {
      const own = columnOf(scores, this.models.length, column);
      return triedSettings(model).flatMap((settings) => (settings.vadThreshold > 0 ? firingFrames(own, settings) : []));
    });
    const key = new Bun.CryptoHasher("sha256");
    key.update(VOICE_ACTIVITY.sha256);
    key.update(this.programs.voices);
    key.update(new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength));
    const file = Bun.file(join(this.options.cacheFolder, `${key.digest("hex")}.voices.json`));
    const voices = new Map((await file.exists()) ? voicePairs.parse(await file.json()) : []);
    const known = voices.size;
    for (const frame of new Set(frames)) {
      if (voices.has(frame)) continue;
      const end = (frame + 1) * HOP_SAMPLES;
      voices.set(frame, await this.voice.highest(pcm.subarray(Math.max(0, end - LOOK_BACK_SAMPLES), end), ALL_OF_IT));
    }
    if (voices.size > known) await file.write(JSON.stringify([...voices]));
    return voices;
  }

  async #run(pcms: readonly Int16Array[], frames: readonly number[]): Promise<Float32Array> {
    const width = this.models.length;
    const all = new Float32Array(frames.reduce((sum, count) => sum + count, 0) * width);
    let at = 0;
    const lanes = pcms.map((pcm, index) => {
      const count = frames[index] ?? 0;
      const lane = { stream: this.engine.newStream(), pcm, count, at };
      at += count * width;
      return lane;
    });
    for (let frame = 0; frame < Math.max(...frames); frame++) {
      await this.engine.hopAll(
        lanes
          .filter(({ count }) => frame < count)
          .map(({ stream, pcm, at }) => ({
            stream,
            pcm: pcm.subarray(frame * HOP_SAMPLES, (frame + 1) * HOP_SAMPLES),
            scores: all.subarray(at + frame * width, at + (frame + 1) * width),
          })),
      );
    }
    return all;
  }
}
