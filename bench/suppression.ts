// Whether taking noise out of the sound helps to hear a wake word: `bun bench/suppression.ts [--seed N] [--minutes N]`.
// Clips of people and other speech in noise go through each suppressor and then through the network; openWakeWord's own
// rule (one frame at 0.5) is counted. RNNOISE_WASM=/path/to/node_modules/@echogarden/rnnoise-wasm adds RNNoise.
import { homedir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CATALOGUE } from "../src/wake/catalogue.ts";
import { createEngine, type Engine } from "../src/wake/engine.ts";
import { HOP_SAMPLES } from "../src/wake/features.ts";
import { type Clip, readClip } from "./accuracy/clips.ts";
import { type Corpus, debianCorpora, recordedCorpora } from "./accuracy/corpora.ts";
import { columnOf, countFalseAccepts, countMisses, type Track } from "./accuracy/counting.ts";
import { PLAIN } from "./accuracy/curves.ts";
import { NOISES, type NoiseMaterial } from "./accuracy/noise.ts";
import { planCorpus } from "./accuracy/plans.ts";
import { AS_RECORDED, type Condition, conditionName, renderStream } from "./accuracy/render.ts";
import { rnnoiseSuppressor } from "./suppression/rnnoise.ts";
import { speexSuppressor } from "./suppression/speex.ts";
import { NOTHING, type Suppressor } from "./suppression/suppressor.ts";

const WORD = "alexa";
const SNRS_DB = [10, 0, 5, 20];
/** Other speech is heard as it was recorded and at this distance. */
const OTHER_SPEECH_SNR_DB = 10;
const CONDITIONS: readonly Condition[] = [
  AS_RECORDED,
  ...SNRS_DB.flatMap((snrDb) => NOISES.map((noise) => ({ kind: "noise", noise, snrDb }) as const)),
];
const RECORDINGS = join(import.meta.dir, "../../shared/audio");

/** What one suppressor did in one condition: a track of each model and stream. */
interface Heard {
  readonly words: Track[];
  readonly others: Track[][];
}

const say = (message: string): void => console.error(message);

async function corporaOf(seed: number, minutes: number) {
  const recorded = await recordedCorpora(RECORDINGS, say);
  const options = {
    cacheFolder: join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "earshot"),
    quick: false,
    seed,
    onLeftOut: say,
  };
  const songs = (await debianCorpora({ ...options, mostMs: Number.POSITIVE_INFINITY })).filter(isMusic);
  const speech = (await debianCorpora({ ...options, mostMs: minutes * 60_000 })).filter((one) => !isMusic(one));
  const word = recorded.find(({ says }) => says === WORD);
  if (!word || speech.length === 0 || songs.length === 0)
    throw new Error("this needs ../shared/audio and the speech of the Debian packages; what is missing is said above");
  const voices = recorded.filter(({ says, nearlySays }) => says === undefined && nearlySays === undefined);
  const material: NoiseMaterial = {
    voices: voices.flatMap(({ clips }) => clips),
    music: songs.flatMap(({ clips }) => clips),
  };
  return { corpora: [word, ...speech], material };
}

function isMusic({ name }: Corpus): boolean {
  return name === "music";
}

/** Scores of every model for every 80 ms, several streams in step. */
async function scoresOf(engine: Engine, pcms: readonly Int16Array[]): Promise<readonly Float32Array[]> {
  const width = engine.models.length;
  const lanes = pcms.map((pcm) => {
    const frames = Math.floor(pcm.length / HOP_SAMPLES);
    return { stream: engine.newStream(), pcm, scores: new Float32Array(frames * width) };
  });
  const frames = Math.floor((pcms[0]?.length ?? 0) / HOP_SAMPLES);
  for (let frame = 0; frame < frames; frame++) {
    await engine.hopAll(
      lanes.map(({ stream, pcm, scores }) => ({
        stream,
        pcm: pcm.subarray(frame * HOP_SAMPLES, (frame + 1) * HOP_SAMPLES),
        scores: scores.subarray(frame * width, (frame + 1) * width),
      })),
    );
  }
  return lanes.map(({ scores }) => scores);
}

function row(cells: readonly (string | number)[]): string {
  return `| ${cells.join(" | ")} |`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { seed: { type: "string", default: "1" }, minutes: { type: "string", default: "2" } },
  });
  const seed = Number(values.seed);
  const possible = [NOTHING, speexSuppressor(), await rnnoiseSuppressor(process.env.RNNOISE_WASM)];
  for (const one of possible) if (typeof one === "string") say(`not measured: ${one}`);
  const ways: readonly Suppressor[] = possible.filter((one) => typeof one !== "string");
  const { corpora, material } = await corporaOf(seed, Number(values.minutes));
  const engine = await createEngine({
    models: CATALOGUE.map(({ name }) => name),
    readFile: (path) => Bun.file(path).bytes(),
  });
  const names = engine.models.map(({ name }) => name);
  const noises = new Map<string, Promise<Int16Array>>();
  const readNoise = (clip: Clip): Promise<Int16Array> => {
    const pcm = noises.get(clip.id) ?? readClip(clip);
    noises.set(clip.id, pcm);
    return pcm;
  };

  console.log(row(["", ...ways.map(({ name }) => `missed: ${name}`), ...ways.map(({ name }) => `false: ${name}`)]));
  console.log(row(["---", ...ways.map(() => "---:"), ...ways.map(() => "---:")]));
  const cpuUs = ways.map(() => 0);
  let seconds = 0;
  const sums = { missed: ways.map(() => 0), words: 0, accepts: ways.map(() => 0), hours: 0 };
  for (const condition of CONDITIONS) {
    const withOthers = condition.kind === "as recorded" || condition.snrDb === OTHER_SPEECH_SNR_DB;
    const heard = ways.map((): Heard => ({ words: [], others: names.map(() => []) }));
    for (const corpus of corpora.filter(({ says }) => withOthers || says !== undefined)) {
      for (const plan of planCorpus(corpus, condition, seed)) {
        const { pcm, clips } = await renderStream(plan, material, readNoise);
        seconds += pcm.length / 16_000;
        const cleaned = ways.map(({ suppress }, way) => {
          const before = process.cpuUsage();
          const clean = suppress(pcm);
          const { user, system } = process.cpuUsage(before);
          cpuUs[way] = (cpuUs[way] ?? 0) + user + system;
          return clean;
        });
        for (const [way, scores] of (await scoresOf(engine, cleaned)).entries()) {
          for (const [column, name] of names.entries()) {
            const track = { clips, scores: columnOf(scores, names.length, column) };
            if (corpus.says === undefined) heard[way]?.others[column]?.push(track);
            else if (corpus.says === name) heard[way]?.words.push(track);
          }
        }
      }
    }
    const misses = heard.map(({ words }) => countMisses(words, PLAIN));
    const accepts = heard.map(({ others }) => others.map((tracks) => countFalseAccepts(tracks, PLAIN)));
    const counts = accepts.map((of) => of.reduce((sum, { count }) => sum + count, 0));
    sums.missed = sums.missed.map((sum, way) => sum + (misses[way]?.missed ?? 0));
    sums.accepts = sums.accepts.map((sum, way) => sum + (counts[way] ?? 0));
    sums.words += misses[0]?.clips ?? 0;
    sums.hours += accepts[0]?.[0]?.hours ?? 0;
    const shown = withOthers ? counts : counts.map(() => "");
    console.log(row([conditionName(condition), ...misses.map(({ missed }) => missed), ...shown]));
  }
  console.log(row(["all", ...sums.missed, ...sums.accepts]));
  console.log(`\nseed ${seed}; "${WORD}" ${sums.words} times; false accepts of ${names.length} models in all, over`);
  console.log(`${sums.hours.toFixed(2)} h of other speech. CPU per second of sound, without the network:`);
  console.log(ways.map(({ name }, way) => `${name} ${((cpuUs[way] ?? 0) / seconds / 1000).toFixed(2)} ms`).join(", "));
  await engine.close();
}

await main();
