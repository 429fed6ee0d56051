// How late detectors of several microphones fire against each other, and what the rule for passing makes of it:
// `bun bench/heard-out.ts [houses]`, some minutes for 60 (the default). Real people's words in simulated houses of five relays,
// the real network; a relay is asked when the first one claims.
import { join } from "node:path";
import { heardOut } from "../src/arbitration/heard-out.ts";
import { measureWord } from "../src/arbitration/measure.ts";
import { defaultSettings } from "../src/wake/detector.ts";
import { createEngine, type Engine } from "../src/wake/engine.ts";
import { HOP_SAMPLES } from "../src/wake/features.ts";
import { Trigger } from "../src/wake/trigger.ts";
import { seededRandom } from "./accuracy/seeded.ts";
import { knownTo } from "./rooms/hearing.ts";
import { makeHouse } from "./rooms/house.ts";
import { LEAD_SAMPLES, Material, Rendering } from "./rooms/rendering.ts";
import { speakIn } from "./rooms/speaking.ts";
import { loadVoices } from "./rooms/voices.ts";
import { quantile } from "./table.ts";

const RECORDINGS = join(import.meta.dir, "../../shared/audio/alexa");
const SEED = 7;
const WORDS_OF_A_HOUSE = 6;
/** Between a frame's end and what is said of it: the network and the way to the hub, and back for an ask. */
const CLAIM_MS = 10;
const ASK_MS = 12;
/** Of the noise before the word the network hears so many frames. */
const NOISE_HOPS = 3;
const GIVEN_UP_MS = 300;

interface Frame {
  readonly endMs: number;
  readonly nearness: number;
}

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
async function listen(engine: Engine, pcm: Int16Array, phase: number): Promise<Ear> {
  const [model] = engine.models;
  if (model === undefined) throw new Error("the engine has no model to hear with");
  const settings = defaultSettings(model);
  const trigger = new Trigger(settings);
  const stream = engine.newStream();
  const scores = new Float32Array(1);
  const frames: Frame[] = [];
  let hit: Hit | undefined;
  let at = LEAD_SAMPLES - NOISE_HOPS * HOP_SAMPLES - phase;
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

/** When a relay passes, after the first claim; undefined where it claims before it would. */
function passesAfterMs({ frames, hit }: Ear, first: Hit): number | undefined {
  const askedMs = first.firedMs + ASK_MS;
  for (const [index, { endMs, nearness }] of frames.entries()) {
    if (hit !== undefined && endMs >= hit.firedMs) return undefined;
    const next = frames[index + 1]?.endMs ?? Number.POSITIVE_INFINITY;
    if (next + CLAIM_MS <= askedMs) continue;
    if (heardOut({ untilMs: endMs, nearness }, first.wordEndedMs) === "pass") {
      return Math.max(askedMs, endMs + CLAIM_MS) - first.firedMs;
    }
  }
  return GIVEN_UP_MS;
}

const houses = Number(process.argv[2] ?? 60);
const engine = await createEngine({ models: ["alexa"], readFile: (path) => Bun.file(path).bytes() });
const voices = await knownTo(engine, await loadVoices(RECORDINGS));
if (voices.length === 0) throw new Error(`no voices: this needs the recordings of ${RECORDINGS}`);
const material = new Material(SEED);
const late: number[] = [];
const passed: number[] = [];
const decided: number[] = [];
const counts = { claims: 0, lost: 0, better: 0, betterLost: 0 };
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
      for (const ear of ears) {
        if (ear === winner) continue;
        const passMs = passesAfterMs(ear, first);
        const { hit } = ear;
        if (hit === undefined) passed.push(passMs ?? GIVEN_UP_MS);
        else {
          const better = hit.snrDb > first.snrDb;
          counts.claims++;
          counts.better += better ? 1 : 0;
          counts.lost += passMs === undefined ? 0 : 1;
          counts.betterLost += better && passMs !== undefined ? 1 : 0;
          late.push(hit.firedMs - first.wordEndedMs);
        }
        decided.push(Math.min(GIVEN_UP_MS, passMs ?? (hit?.firedMs ?? 0) + CLAIM_MS - first.firedMs));
      }
    }
  }
}
await engine.close();
const share = (part: number, of: number) => `${((100 * part) / Math.max(1, of)).toFixed(2)} %`;
const ms = (of: readonly number[]) => [0.5, 0.9, 0.99].map((p) => quantile(of, p).toFixed(0)).join(", ");
console.log(`claims behind the word's end as the first has it, ms (median, p90, p99 of ${late.length}): ${ms(late)}`);
console.log(`claims that come after a pass: ${share(counts.lost, counts.claims)}`);
console.log(`of those that heard the word better than the first: ${share(counts.betterLost, counts.better)}`);
console.log(`passes of relays that do not fire, after the first claim, ms (of ${passed.length}): ${ms(passed)}`);
console.log(`two relays are decided on, ms: ${ms(decided)}`);
