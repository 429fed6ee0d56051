/** Which streams are made of the corpora. */
import type { Clip } from "./clips.ts";
import type { Corpus } from "./corpora.ts";
import { AS_RECORDED, type Condition, conditionName, type StreamPlan } from "./render.ts";
import { seededRandom, shuffled } from "./seeded.ts";

/** The noise that wake words are said in, and how far they are above it. */
export const SNRS_DB = [20, 10, 5];

/** Behind a wake word there is time for it to be noticed, and for the refractory time to pass. */
const POSITIVE_GAP_MS: readonly [number, number] = [2000, 3000];
const NEGATIVE_GAP_MS: readonly [number, number] = [1000, 1500];
/** About how long a stream is. */
const STREAM_MS = 240_000;

/** Streams of one corpus in one condition. The order of the clips is left to the seed: neighbours are not alike. */
export function planCorpus(corpus: Corpus, condition: Condition, seed: number): readonly StreamPlan[] {
  const gapMs = corpus.says === undefined ? NEGATIVE_GAP_MS : POSITIVE_GAP_MS;
  const plans: StreamPlan[] = [];
  let clips: Clip[] = [];
  let lengthMs = 0;
  const close = (): void => {
    if (clips.length > 0) plans.push({ corpus: corpus.name, condition, clips, gapMs, seed, index: plans.length });
    clips = [];
    lengthMs = 0;
  };
  for (const clip of shuffled(corpus.clips, seededRandom(seed, `${corpus.name}/${conditionName(condition)}/order`))) {
    clips.push(clip);
    lengthMs += clip.roughMs + gapMs[1];
    if (lengthMs >= STREAM_MS) close();
  }
  close();
  return plans;
}

/** Every corpus as it was recorded, and the wake words in each noise. */
export function planAll(corpora: readonly Corpus[], noises: readonly Condition[], seed: number): readonly StreamPlan[] {
  return corpora.flatMap((corpus) =>
    [AS_RECORDED, ...(corpus.says === undefined ? [] : noises)].flatMap((condition) =>
      planCorpus(corpus, condition, seed),
    ),
  );
}
