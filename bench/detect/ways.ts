/** The ways of detecting whose costs are compared. */
import { HOPS_AHEAD } from "../../src/wake/ahead-graphs.ts";
import { CATALOGUE } from "../../src/wake/catalogue.ts";
import { createEngine, type Engine, type WakeHop } from "../../src/wake/engine.ts";
import { HOP_SAMPLES } from "../../src/wake/features.ts";
import { modelPath } from "../../src/wake/model-files.ts";
import { nativePlain } from "../native-plain.ts";

/** Streams that one core listens to in one way. */
export interface Way {
  readonly name: string;
  readonly streams: number;
  /** How often {@link pass} is called while the other ways wait: the more streams, the less often. */
  readonly passesOfRound: number;
  /** The next 80 ms of every stream. */
  pass(): Promise<void>;
  /** How many streams the network sleeps over at the moment. */
  asleep(): number;
}

export interface Sounds {
  /** Speech, music, noise: whole hops of it. */
  readonly mixed: Int16Array;
  /** What a quiet room sounds like: whole hops of it. */
  readonly quiet: Int16Array;
}

export interface EngineWay {
  readonly form: "plain" | "streaming";
  readonly heads: number;
  readonly streams: number;
  /** How many streams are handed to the engine in one run. */
  readonly together: number;
  /** How many of the streams are in a quiet room, with the gate on; the others have none. */
  readonly quiet?: number;
}

/** Passes of a round for one stream: as often as its heads compute ahead, three times over. */
const PASSES_OF_ROUND = 3 * HOPS_AHEAD;
/** Streams apart, so that each hears something else, and not all of them compute ahead at the same hop. */
const HOPS_APART = 7;
/** No gate closes earlier than after so many hops. */
const HOPS_TO_SLEEP = 60;

/** Ten heads: the six there are, and four of them again. */
export function headNames(count: number): readonly string[] {
  const names = CATALOGUE.map(({ name }) => name);
  return Array.from({ length: count }, (_, i) => names[i % names.length] ?? "");
}

/** @throws Error where the engine cannot compute in the form that is asked for */
export async function openEngine(form: "plain" | "streaming", heads: number): Promise<Engine> {
  const models = headNames(heads).map(async (name, i) => {
    const known = CATALOGUE.find((model) => model.name === name);
    return { name: `${name}_${i}`, path: known ? await modelPath(known.file) : "" };
  });
  const readFile = (path: string): Promise<Uint8Array> => Bun.file(path).bytes();
  const engine = await createEngine({ models: await Promise.all(models), readFile, form });
  if (engine.form.reasons.length > 0) throw new Error(engine.form.reasons.join("; "));
  return engine;
}

/** One hop of each of these streams after the other, so many in one run, until none is behind. */
export async function hopAllOf(engine: Engine, hops: readonly WakeHop[], together: number): Promise<void> {
  for (let begin = 0; begin < hops.length; begin += together) {
    let run = hops.slice(begin, begin + together);
    while (run.length > 0) {
      await engine.hopAll(run);
      run = run.flatMap((hop) => (hop.stream.behind > 0 ? { ...hop, pcm: undefined } : []));
    }
  }
}

export async function engineWay(asked: EngineWay, { mixed, quiet }: Sounds): Promise<Way> {
  const { form, heads, streams, together, quiet: sleepers = 0 } = asked;
  const engine = await openEngine(form, heads);
  const listeners = Array.from({ length: streams }, (_, i) => ({
    stream: engine.newStream({ gate: i < sleepers }),
    scores: new Float32Array(heads),
    sound: i < sleepers ? quiet : mixed,
    hop: i * HOPS_APART,
  }));
  const next = (listener: (typeof listeners)[number]): WakeHop => {
    const { stream, scores, sound } = listener;
    const at = (listener.hop++ * HOP_SAMPLES) % sound.length;
    return { stream, scores, pcm: sound.subarray(at, at + HOP_SAMPLES) };
  };
  const pass = (): Promise<void> => hopAllOf(engine, listeners.map(next), together);

  // Streams begin at different hops, as they do in a house.
  for (let late = HOPS_AHEAD - 1; late > 0; late--) {
    await hopAllOf(engine, listeners.filter((_, i) => i % HOPS_AHEAD >= late).map(next), together);
  }
  if (sleepers > 0) for (let hop = 0; hop < HOPS_TO_SLEEP; hop++) await pass();

  const many = streams === 1 ? "" : `, ${streams} streams`;
  const gate = sleepers > 0 ? `, ${sleepers} in quiet rooms` : "";
  return {
    name: `${form}, ${headsInWords(heads)}${many}${gate}`,
    streams,
    passesOfRound: Math.max(1, Math.round(PASSES_OF_ROUND / Math.max(1, streams / 4))),
    pass,
    asleep: () => listeners.filter(({ stream }) => stream.asleep).length,
  };
}

/** @param folder of the package onnxruntime-node */
export async function nativeWay(folder: string, heads: number, { mixed }: Sounds): Promise<Way> {
  const hop = await nativePlain(folder, headNames(heads));
  let at = 0;
  return {
    name: `plain in native onnxruntime, ${headsInWords(heads)}`,
    streams: 1,
    passesOfRound: PASSES_OF_ROUND,
    async pass() {
      await hop(mixed.subarray(at, at + HOP_SAMPLES));
      at = (at + HOP_SAMPLES) % mixed.length;
    },
    asleep: () => 0,
  };
}

/** "1 head", "10 heads". */
export function headsInWords(heads: number): string {
  return heads === 1 ? "1 head" : `${heads} heads`;
}
