// How late detectors of several microphones fire against each other, and what the rule for passing makes of it:
// `bun bench/heard-out.ts [houses]`, some minutes for 60 (the default). Real people's words in simulated houses of five relays,
// the real network; a relay is asked when the first one claims.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { HEARD_OUT_MS, SECONDS } from "../src/arbitration/heard-out.ts";
import { measureWord } from "../src/arbitration/measure.ts";
import { RecentScores } from "../src/arbitration/recent-scores.ts";
import { readAudioFile } from "../src/audio/decode.ts";
import { defaultSettings } from "../src/wake/detector.ts";
import { createEngine, type Engine } from "../src/wake/engine.ts";
import { HOP_MS, HOP_SAMPLES } from "../src/wake/features.ts";
import { Trigger } from "../src/wake/trigger.ts";
import { seededRandom } from "./accuracy/seeded.ts";
import { type Frame, type Said, saidBy } from "./rooms/asked.ts";
import { knownTo } from "./rooms/hearing.ts";
import { makeHouse } from "./rooms/house.ts";
import { LEAD_SAMPLES, Material, Rendering } from "./rooms/rendering.ts";
import { speakIn } from "./rooms/speaking.ts";
import { loadVoices } from "./rooms/voices.ts";
import { aligned, quantile } from "./table.ts";

const AUDIO = join(import.meta.dir, "../../shared/audio");
const RECORDINGS = join(AUDIO, "alexa");
/** People who say something else. */
const OTHERS = ["computer", "jarvis", "snowboy"].map((word) => join(AUDIO, word));
const SEED = 7;
const WORDS_OF_A_HOUSE = 6;
/** Of the noise before the word the network hears so many frames. */
const NOISE_HOPS = 3;
const BEGINNING_FRAMES = 10;
interface Hit {
  readonly firedMs: number;
  readonly wordEndedMs: number;
  readonly snrDb: number;
}

interface Ear {
  readonly frames: readonly Frame[];
  readonly hit: Hit | undefined;
}

/** All frames of one microphone, and where its trigger fired. */
async function listen(engine: Engine, pcm: Int16Array, phase: number, lead = LEAD_SAMPLES): Promise<Ear> {
  const [model] = engine.models;
  if (model === undefined) throw new Error("the engine has no model to hear with");
  const settings = defaultSettings(model);
  const trigger = new Trigger(settings);
  const stream = engine.newStream();
  const scores = new Float32Array(1);
  const frames: Frame[] = [];
  let hit: Hit | undefined;
  let at = Math.max(0, lead - NOISE_HOPS * HOP_SAMPLES - phase);
  await stream.settle(pcm.subarray(at, at + HOP_SAMPLES));
  for (; at + HOP_SAMPLES <= pcm.length; at += HOP_SAMPLES) {
    await stream.hop(pcm.subarray(at, at + HOP_SAMPLES), scores);
    const [score = 0] = scores;
    const endMs = (at + HOP_SAMPLES) / 16;
    frames.push({ endMs, nearness: score / settings.threshold });
    if (!trigger.step(score, endMs) || hit !== undefined) continue;
    const { evidence, word } = measureWord(pcm, at + HOP_SAMPLES, score);
    hit = { firedMs: endMs, wordEndedMs: word.to / 16, snrDb: evidence.snrDb };
  }
  return { frames, hit };
}

/** What one rule makes of all rounds. Times are after the first claim, ms. */
class Tally {
  claims = 0;
  /** Came after a pass. */
  lost = 0;
  /** Of relays that heard the word better than the first. */
  better = 0;
  betterLost = 0;
  /** Relays that did not fire, and those of them that did not claim either. */
  silent = 0;
  missed = 0;
  /** When the hub knows of one relay besides the first, and of all. */
  readonly two: number[] = [];
  readonly all: number[] = [];

  round(others: readonly { readonly ear: Ear; readonly said: Said }[], first: Hit): void {
    let allMs = 0;
    for (const { ear, said } of others) {
      const { hit } = ear;
      if (hit === undefined) {
        this.silent++;
        this.missed += said.what === "second" ? 0 : 1;
      } else {
        const isLost = said.what === "pass";
        const isBetter = hit.snrDb > first.snrDb;
        this.claims++;
        this.lost += isLost ? 1 : 0;
        this.better += isBetter ? 1 : 0;
        this.betterLost += isBetter && isLost ? 1 : 0;
      }
      this.two.push(said.afterMs);
      allMs = Math.max(allMs, said.afterMs);
    }
    this.all.push(allMs);
  }
}

const houses = Number(process.argv[2] ?? 60);
const engine = await createEngine({ models: ["alexa"], readFile: (path) => Bun.file(path).bytes() });
const voices = await knownTo(engine, await loadVoices(RECORDINGS));
if (voices.length === 0) throw new Error(`no voices: this needs the recordings of ${RECORDINGS}`);
const material = new Material(SEED);
const late: number[] = [];
const rules = [
  { name: "passes or fires", seconds: false, tally: new Tally() },
  { name: "seconds too", seconds: true, tally: new Tally() },
];
for (const kind of ["one room", "several rooms"] as const) {
  for (let index = 0; index < houses; index++) {
    const random = seededRandom(SEED, `${kind} ${index}`);
    const house = makeHouse(kind, random);
    const rendering = new Rendering(house, material, random);
    for (let word = 0; word < WORDS_OF_A_HOUSE; word++) {
      const spoken = speakIn(house, Math.floor(house.rooms.length * random()), voices, false, random);
      const ears: Ear[] = [];
      for (const { sound, inEarshot } of rendering.render(spoken)) {
        if (!inEarshot) continue;
        const pcm = Int16Array.from(sound, (x) => Math.max(-32_768, Math.min(32_767, Math.round(x * 32_767))));
        ears.push(await listen(engine, pcm, Math.floor(random() * HOP_SAMPLES)));
      }
      const firing = ears.filter(({ hit }) => hit !== undefined);
      const [winner] = firing.sort((a, b) => (a.hit?.firedMs ?? 0) - (b.hit?.firedMs ?? 0));
      const first = winner?.hit;
      if (first === undefined) continue;
      late.push(...firing.slice(1).map(({ hit }) => (hit?.firedMs ?? 0) - first.wordEndedMs));
      for (const rule of rules) {
        rule.tally.round(
          ears.flatMap((ear) =>
            ear === winner ? [] : { ear, said: saidBy(ear.frames, ear.hit?.firedMs, first, rule) },
          ),
          first,
        );
      }
    }
  }
}
const others = await chanceShares();
await engine.close();
const ms = (of: readonly number[], p = 0.5) => quantile(of, p).toFixed(0);
console.log(
  `${late.length} claims that followed a first one, behind the word's end as that has it, ms: median ${ms(late)}, p90 ${ms(late, 0.9)}`,
);
const names = ["", "pass, then claim", "heard it better", "missed", "two decided, ms", "p90", "all decided, ms", "p90"];
const lines = rules.map(({ name, tally: { claims, lost, better, betterLost, silent, missed, two, all } }) => [
  ...[name, share(lost, claims), share(betterLost, better), share(missed, silent)],
  ...[ms(two), ms(two, 0.9), ms(all), ms(all, 0.9)],
]);
console.log(aligned([names, ...lines]));
console.log(
  `missed: of ${rules[0]?.tally.silent} relays that heard the word and did not fire, those that do not claim it`,
);

console.log(
  `over ${others.minutes.toFixed(0)} min of people saying other words, ${(100 * others.share).toFixed(2)} % of the time a word would be seconded by chance`,
);

/** How often somebody says something else just so that a second would be wrong: by frames. */
async function chanceShares(): Promise<{ readonly minutes: number; readonly share: number }> {
  let [frames, chances] = [0, 0];
  for (const folder of OTHERS) {
    for (const name of readdirSync(folder).filter((name) => name.endsWith(".flac"))) {
      const heard = await listen(engine, await readAudioFile(join(folder, name)), 0, 0);
      const recent = new RecentScores();
      // What a recording begins with is not what was there before.
      for (const { endMs, nearness } of heard.frames.slice(BEGINNING_FRAMES)) {
        recent.add(endMs, [{ model: "alexa", score: nearness, threshold: 1 }]);
        frames++;
        chances += recent.nearest("alexa", endMs - HEARD_OUT_MS).nearness >= SECONDS ? 1 : 0;
      }
    }
  }
  return { minutes: (frames * HOP_MS) / 60_000, share: chances / frames };
}

function share(part: number, of: number): string {
  return `${((100 * part) / Math.max(1, of)).toFixed(2)} %`;
}
