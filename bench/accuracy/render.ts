/** From the plan of a stream to its sound. */
import { type Clip, readClip } from "./clips.ts";
import { layStream, type Stream } from "./mixing.ts";
import { makeNoise, type Noise, type NoiseMaterial, pinkNoise, type ReadNoise } from "./noise.ts";
import { seededRandom } from "./seeded.ts";

/** What is added to the clips. */
export type Condition =
  | { readonly kind: "as recorded" }
  | { readonly kind: "noise"; readonly noise: Noise; readonly snrDb: number };

export const AS_RECORDED: Condition = { kind: "as recorded" };

export function conditionName(condition: Condition): string {
  return condition.kind === "as recorded" ? "as recorded" : `${condition.noise} ${condition.snrDb} dB`;
}

export interface StreamPlan {
  readonly corpus: string;
  readonly condition: Condition;
  readonly clips: readonly Clip[];
  readonly gapMs: readonly [number, number];
  readonly seed: number;
  /** Which of the streams of its corpus and condition. */
  readonly index: number;
}

export async function renderStream(plan: StreamPlan, material: NoiseMaterial, readNoise: ReadNoise): Promise<Stream> {
  const { corpus, condition, clips, gapMs, seed, index } = plan;
  const random = (what: string) => seededRandom(seed, `${corpus}/${conditionName(condition)}/${index}/${what}`);
  const loaded = await Promise.all(clips.map(async (clip) => ({ id: clip.id, pcm: await readClip(clip) })));
  return await layStream(loaded, {
    gapMs,
    random: random("gaps"),
    roomNoise: (samples) => pinkNoise(samples, random("room")),
    ...(condition.kind === "noise" && {
      added: {
        snrDb: condition.snrDb,
        noise: (samples) => makeNoise(condition.noise, samples, material, readNoise, random("noise")),
      },
    }),
  });
}
