import { afterAll, describe, expect, test } from "bun:test";
import { CATALOGUE } from "../../src/wake/catalogue.ts";
import { createEngine, type Engine, type WakeStream } from "../../src/wake/engine.ts";
import { HOP_SAMPLES } from "../../src/wake/features.ts";
import type { ModelEntry } from "../../src/wake/load.ts";
import { modelPath } from "../../src/wake/model-files.ts";
import { clip, clipPaths, joined, noise, saySkipped, seededRandom, speechIsHere } from "../support/clips.ts";
import { mixedSound } from "../support/mixed-sound.ts";

const TOLERANCE = 1e-3;
const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
console.log(`sleeping and waking streams: FUZZ_SEED=${seed}`);

const readFile = (path: string): Promise<Uint8Array> => Bun.file(path).bytes();
const names = CATALOGUE.map(({ name }) => name);
const engine = await createEngine({ models: names, readFile });
afterAll(() => engine.close());

const hopOf = (pcm: Int16Array, i: number): Int16Array => pcm.subarray(i * HOP_SAMPLES, (i + 1) * HOP_SAMPLES);
const QUIET = noise(20, 0.002, 1);
const WORD = noise(0.8, 0.2, 2);

/** A room with something in it now and then: pauses of up to 7 s, most of them slept over for less. */
async function room(seconds: number, seed: number): Promise<Int16Array> {
  const random = seededRandom(seed);
  const sounds = await mixedSound(seconds / 2, seed);
  const floor = noise(seconds, 0.001, seed);
  let from = 0;
  for (let at = 0; at < floor.length && from < sounds.length; ) {
    const part = sounds.subarray(from, from + (0.5 + 3 * random()) * 16_000);
    from += part.length;
    for (let i = 0; i < part.length && at + i < floor.length; i++) {
      floor[at + i] = Math.max(-32_768, Math.min(32_767, (floor[at + i] ?? 0) + (part[i] ?? 0)));
    }
    at += part.length + Math.floor((1 + 6 * random()) * 16_000);
  }
  return floor;
}

interface Pair {
  readonly stream: WakeStream;
  readonly awake: WakeStream;
  readonly pcm: Int16Array;
  at: number;
  readonly scores: Float32Array;
  /** The scores of the newest hop of the stream that never sleeps. */
  readonly right: Float32Array;
  /** Whether the models changed since that hop. */
  outdated: boolean;
}

const MOST_MODELS = 7;
const UNWRITTEN = -1;

/** Streams of one engine that may sleep, all through `hopAll`, beside the same of another engine that never do. */
class Beside {
  readonly #pairs: Pair[] = [];
  apart = 0;
  crossings = 0;
  asleep = 0;
  wakings = 0;
  hops = 0;

  constructor(
    readonly one: Engine,
    readonly other: Engine,
  ) {}

  get count(): number {
    return this.#pairs.length;
  }

  /** Whether every stream heard a hop since the models changed. */
  get upToDate(): boolean {
    return this.#pairs.every(({ outdated }) => !outdated);
  }

  join(pcm: Int16Array): void {
    const [scores, right] = [new Float32Array(MOST_MODELS), new Float32Array(MOST_MODELS)];
    const [stream, awake] = [this.one.newStream({ gate: true }), this.other.newStream()];
    this.#pairs.push({ stream, awake, pcm, at: 0, scores, right, outdated: false });
  }

  leave(index: number): void {
    this.#pairs.splice(index, 1);
  }

  reset(index: number): void {
    this.#pairs[index]?.stream.reset();
    this.#pairs[index]?.awake.reset();
  }

  async settle(index: number): Promise<void> {
    const pair = this.#pairs[index];
    if (!pair) return;
    await pair.stream.settle(hopOf(pair.pcm, 0));
    await pair.awake.settle(hopOf(pair.pcm, 0));
  }

  async setModels(models: readonly ModelEntry[]): Promise<void> {
    await this.one.setModels(models);
    if (this.other !== this.one) await this.other.setModels(models);
    for (const pair of this.#pairs) pair.outdated = true;
  }

  /** One call of `hopAll`: the next hop of each stream that is not behind, one more of each that is. */
  async step(): Promise<void> {
    const asked = this.#pairs.map((pair) => {
      const pcm =
        pair.stream.behind > 0 ? undefined : hopOf(pair.pcm, pair.at++ % Math.floor(pair.pcm.length / HOP_SAMPLES));
      if (pcm) pair.scores.fill(UNWRITTEN);
      return { pair, pcm, slept: pair.stream.asleep };
    });
    await this.one.hopAll(asked.map(({ pair: { stream, scores }, pcm }) => ({ stream, pcm, scores })));
    const heard = asked.filter(({ pcm }) => pcm);
    for (const { pair } of heard) pair.outdated = false;
    await this.other.hopAll(heard.map(({ pair: { awake, right }, pcm }) => ({ stream: awake, pcm, scores: right })));
    this.hops += heard.length;
    for (const { pair, slept } of asked) {
      if (pair.stream.asleep) this.asleep++;
      else if (slept) this.wakings++;
      this.#compare(pair);
    }
  }

  #compare({ stream, awake, scores, right, outdated }: Pair): void {
    const { models } = this.one;
    if (stream.behind > 0) {
      expect(scores.every((score) => score === UNWRITTEN)).toBe(true);
      return;
    }
    if (outdated) return;
    for (const [i, { threshold }] of models.entries()) {
      const [score, wanted] = [scores[i] ?? Number.NaN, right[i] ?? Number.NaN];
      if (stream.asleep) expect(score).toBe(0);
      else this.apart = Math.max(this.apart, Math.abs(score - wanted));
      if (score >= threshold !== wanted >= threshold) this.crossings++;
      else if (wanted >= threshold) expect(stream.classOf(i)).toBe(awake.classOf(i));
    }
  }
}

const unitAlexa: ModelEntry = { name: "unit_alexa", path: await modelPath("alexa_v0.1.onnx"), inputScale: "unit" };

test("streams that sleep score like plain ones that never do, to the same side of every threshold", async () => {
  const plain = await createEngine({ models: names, readFile, form: "plain" });
  const beside = new Beside(engine, plain);
  beside.join(await room(40, seed));
  for (let call = 0; beside.hops < 900; call++) {
    if (call === 60) beside.join(await room(40, seed + 1));
    if (call === 120) beside.join(await room(30, seed + 2));
    if (call === 180) await beside.setModels(["hey_jarvis", "alexa"]);
    if (call === 270) await beside.setModels([...names, unitAlexa]);
    if (call === 300) beside.leave(0);
    if (call === 330) beside.join(await room(40, seed + 3));
    await beside.step();
  }
  expect(beside.crossings).toBe(0);
  expect(beside.apart).toBeLessThanOrEqual(TOLERANCE);
  expect(beside.asleep).toBeGreaterThan(50);
  expect(beside.wakings).toBeGreaterThan(3);
  await Promise.all([plain.close(), engine.setModels(names)]);
}, 120_000);

test("streams come, go, sleep, wake, begin anew and get other models in any order, and score like one that never slept", async () => {
  const random = seededRandom(seed);
  const beside = new Beside(engine, engine);
  const sounds = await Promise.all([4, 5, 6].map((i) => room(40, seed + i)));
  const any = (): number => Math.floor(random() * beside.count);
  for (let call = 0; call < 500; call++) {
    const event = random();
    if (beside.count === 0 || (event < 0.02 && beside.count < 5)) {
      beside.join(sounds[Math.floor(random() * sounds.length)] ?? QUIET);
    } else if (event < 0.03) beside.leave(any());
    else if (event < 0.04) beside.reset(any());
    else if (event < 0.05) await beside.settle(any());
    else if (event < 0.07 && beside.upToDate) {
      await beside.setModels([...names, unitAlexa].filter(() => random() < 0.5));
    }
    await beside.step();
  }
  expect(beside.crossings).toBe(0);
  expect(beside.apart).toBeLessThanOrEqual(TOLERANCE);
  await engine.setModels(names);
}, 120_000);

describe("a stream that may sleep", () => {
  const scores = new Float32Array(names.length);

  async function hears(stream: WakeStream, pcm: Int16Array): Promise<void> {
    for (let i = 0; i < Math.floor(pcm.length / HOP_SAMPLES); i++) await stream.hop(hopOf(pcm, i), scores);
  }

  test("is asleep in a quiet room, and awake again with the hop that is louder", async () => {
    const stream = engine.newStream({ gate: true });
    await hears(stream, QUIET.subarray(0, 24 * HOP_SAMPLES));
    expect(stream.asleep).toBe(false);
    await hears(stream, QUIET.subarray(24 * HOP_SAMPLES));
    expect(stream.asleep).toBe(true);
    expect(stream.behind).toBe(0);
    await stream.hop(WORD.subarray(0, HOP_SAMPLES), scores);
    expect(stream.asleep).toBe(false);
    expect(stream.behind).toBe(0);
  });

  test("never sleeps where that was not asked for", async () => {
    const stream = engine.newStream();
    await hears(stream, QUIET);
    expect(stream.asleep).toBe(false);
  });

  test("takes a call for each hop of its replay, while another stream goes on", async () => {
    const [waking, other] = [engine.newStream({ gate: true }), engine.newStream()];
    await hears(waking, QUIET);
    const others = new Float32Array(names.length);
    scores.fill(UNWRITTEN);
    // 9 for the cache of the embedding, and 34 that the timer looks back over.
    for (let call = 0; call < 43; call++) {
      expect(waking.behind).toBe(call === 0 ? 0 : 43 - call);
      const pcm = call === 0 ? WORD.subarray(0, HOP_SAMPLES) : undefined;
      await engine.hopAll([
        { stream: waking, pcm, scores },
        { stream: other, pcm: hopOf(QUIET, call), scores: others },
      ]);
      expect(scores[0] === UNWRITTEN).toBe(call < 42);
    }
    expect(waking.behind).toBe(0);
  });

  test("refuses the next hop while it is behind, and to go on when it is not, and then takes none", async () => {
    const [waking, other] = [engine.newStream({ gate: true }), engine.newStream()];
    const hop = { stream: waking, pcm: WORD.subarray(0, HOP_SAMPLES), scores };
    expect(engine.hopAll([{ ...hop, pcm: undefined }])).rejects.toThrow("not behind: hand in the next hop");
    await hears(waking, QUIET);
    await engine.hopAll([hop]);
    expect(engine.hopAll([{ ...hop, stream: other }, hop])).rejects.toThrow("the stream is 42 hops behind");
    expect(waking.hop(hop.pcm, scores)).rejects.toThrow("behind");
    await engine.hopAll([{ ...hop, stream: other }]);
    expect(waking.behind).toBe(42);
    waking.reset();
    expect(waking.behind).toBe(0);
    await engine.hopAll([hop]);
    expect(waking.behind).toBe(0);
  });

  test.each(["a reset", "settling"])("is awake after %s, and scores as one that is new", async (how) => {
    const begin = async (stream: WakeStream) => {
      if (how === "a reset") stream.reset();
      else await stream.settle(hopOf(QUIET, 0));
    };
    const [slept, fresh] = [engine.newStream({ gate: true }), engine.newStream({ gate: true })];
    await hears(slept, QUIET);
    expect(slept.asleep).toBe(true);
    await begin(slept);
    expect(slept.asleep).toBe(false);
    await begin(fresh);
    await hears(slept, WORD);
    const heard = [...scores];
    await hears(fresh, WORD);
    expect(heard).toEqual([...scores]);
  });

  test("finishes waking before its engine closes", async () => {
    const closing = await createEngine({ models: ["alexa"], readFile });
    const stream = closing.newStream({ gate: true });
    await hears(stream, QUIET);
    const waking = stream.hop(WORD.subarray(0, HOP_SAMPLES), scores);
    const closed = closing.close();
    await waking;
    expect(stream.behind).toBe(0);
    await closed;
  });

  saySkipped("waking to real voices");
  test.skipIf(!speechIsHere)(
    "hears every word of real people that begins after it fell asleep",
    async () => {
      const [stream, awake] = [engine.newStream({ gate: true }), engine.newStream()];
      const right = new Float32Array(names.length);
      for (const path of clipPaths("alexa", 6)) {
        // The clip before may have been quieter than this room, which is then a sound for 4 s.
        const sound = joined(QUIET.subarray(0, 8 * 16_000), await clip(path));
        for (let i = 0; i < Math.floor(sound.length / HOP_SAMPLES); i++) {
          await stream.hop(hopOf(sound, i), scores);
          await awake.hop(hopOf(sound, i), right);
          if (i === 95) expect(stream.asleep).toBe(true);
          for (const [k, score] of scores.entries()) expect(score >= 0.5).toBe((right[k] ?? 0) >= 0.5);
        }
      }
    },
    30_000,
  );
});

test("an engine in the plain form says that its streams do not sleep, where that was asked for", async () => {
  const plain = await createEngine({ models: ["alexa"], readFile, form: "plain" });
  plain.newStream();
  expect(plain.form.reasons).toEqual([]);
  const stream = plain.newStream({ gate: true });
  expect(plain.form.reasons).toEqual(["no stream sleeps over silence: embeddings are computed in the plain form"]);
  const scores = new Float32Array(1);
  for (let i = 0; i < 40; i++) await stream.hop(hopOf(QUIET, i), scores);
  expect(stream.asleep).toBe(false);
  await plain.close();
});
