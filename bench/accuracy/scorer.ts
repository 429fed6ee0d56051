/** Streams through the network, once: triggers are tried on the scores afterwards. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createEngine, type Engine } from "../../src/wake/engine.ts";
import { HOP_SAMPLES } from "../../src/wake/features.ts";
import type { LoadedModel, ModelEntry } from "../../src/wake/load.ts";
import { type Clip, readClip } from "./clips.ts";
import type { PlacedClip } from "./mixing.ts";
import type { NoiseMaterial } from "./noise.ts";
import { renderStream, type StreamPlan } from "./render.ts";

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
}

/** The wake room, and what in it comes only after the scores. */
const WAKE = join(import.meta.dir, "../../src/wake");
const AFTER_SCORES = ["detector.ts", "near-miss.ts", "scan.ts", "trigger.ts", "voice-activity.ts"];

/** A hash of the program that makes the scores: kept ones are those of another program otherwise. */
async function programHash(): Promise<string> {
  const hash = new Bun.CryptoHasher("sha256");
  const files = await readdir(WAKE, { recursive: true });
  for (const file of files.filter((name) => name.endsWith(".ts") && !AFTER_SCORES.includes(name)).sort()) {
    hash.update(await Bun.file(join(WAKE, file)).bytes());
  }
  return hash.digest("hex");
}

export class Scorer {
  readonly #noises = new Map<string, Promise<Int16Array>>();

  private constructor(
    private readonly engine: Engine,
    private readonly program: string,
    private readonly options: ScorerOptions,
  ) {}

  static async open(options: ScorerOptions): Promise<Scorer> {
    const engine = await createEngine({ models: options.models, readFile: (path) => Bun.file(path).bytes() });
    return new Scorer(engine, await programHash(), options);
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
    key.update(JSON.stringify([this.program, this.form, this.models.map(({ sha256 }) => sha256)]));
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
    return streams.map(({ clips }, index) => {
      const size = (frames[index] ?? 0) * width;
      const scores = all.slice(at, at + size);
      at += size;
      return { clips, scores };
    });
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
