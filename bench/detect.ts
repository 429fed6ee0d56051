// What detection costs, way by way: `bun bench/detect.ts`. About two minutes; all ways take turns every second of sound, so
// that what else the machine does hits them alike. ONNXRUNTIME_NODE=/path/to/node_modules/onnxruntime-node adds the plain
// pipeline in native onnxruntime.
import { CATALOGUE, EMBEDDING, MELSPECTROGRAM } from "../src/wake/catalogue.ts";
import { createEngine } from "../src/wake/engine.ts";
import { HOP_MS, HOP_SAMPLES } from "../src/wake/features.ts";
import { type BankedHead, openHeadBank } from "../src/wake/head-bank.ts";
import { headOf } from "../src/wake/heads.ts";
import { fourierMel, graphMel, type HopMel } from "../src/wake/hop-mel.ts";
import { modelPath } from "../src/wake/model-files.ts";
import { openSession } from "../src/wake/ort.ts";
import { createStreamingFeatures } from "../src/wake/streaming-features.ts";
import { streamingGraph } from "../src/wake/streaming-graph.ts";
import { mixedSound } from "../test/support/mixed-sound.ts";
import { nativePlain } from "./native-plain.ts";
import { formatTable } from "./table.ts";

interface Way {
  readonly name: string;
  /** How many streams a run of `hop` serves. */
  readonly streams: number;
  hop(pcm: Int16Array): Promise<unknown>;
}

const ROUNDS = 25;
const HOPS_OF_ROUND = 13;
/** The first rounds are left out: the code is being compiled. */
const WARM_UP_ROUNDS = 25;
const SEED = 1;

const readFile = (path: string): Promise<Uint8Array> => Bun.file(path).bytes();
const names = CATALOGUE.map(({ name }) => name);
/** Ten heads: the six there are, and four of them again. */
const headNames = (count: number): readonly string[] => Array.from({ length: count }, (_, i) => names[i % 6] ?? "");

async function entries(count: number) {
  return Promise.all(
    headNames(count).map(async (name, i) => {
      const known = CATALOGUE.find((model) => model.name === name);
      return { name: `${name}_${i}`, path: known ? await modelPath(known.file) : "" };
    }),
  );
}

async function engineWay(form: "plain" | "streaming", heads: number, streams = 1): Promise<Way> {
  const engine = await createEngine({ models: await entries(heads), readFile, form });
  if (engine.form.reasons.length > 0) throw new Error(engine.form.reasons.join("; "));
  const hops = Array.from({ length: streams }, () => ({ stream: engine.newStream(), scores: new Float32Array(heads) }));
  const what = form === "plain" ? "plain" : "streaming, mel in TypeScript, merged";
  const together = streams === 1 ? "" : `, ${streams} streams a run`;
  return {
    name: `${what}: ${heads} ${heads === 1 ? "head" : "heads"}${together}`,
    streams,
    hop: (pcm) => engine.hopAll(hops.map((hop) => ({ ...hop, pcm }))),
  };
}

/** The streaming embedding with heads one by one. */
async function partWay(mel: "graph" | "TypeScript", heads: number): Promise<Way> {
  const melBytes = await readFile(await modelPath(MELSPECTROGRAM.file));
  const shape = { windowFrames: 76, hopFrames: 8, bands: 32, embeddingSize: 96 };
  const graph = streamingGraph(await readFile(await modelPath(EMBEDDING.file)), shape);
  const hopMel: HopMel | string = mel === "graph" ? graphMel(await openSession(melBytes)) : fourierMel(melBytes);
  if ("refused" in graph || typeof hopMel === "string") throw new Error("the published graphs cannot be rewritten");
  const features = await createStreamingFeatures(hopMel, graph, await openSession(graph.bytes));
  const state = features.newState();
  const banked: BankedHead[] = [];
  for (const { path } of await entries(heads)) {
    const session = await openSession(await readFile(path));
    const head = headOf(session);
    if (typeof head === "string") throw new Error(head);
    banked.push({ head, bytes: await readFile(path), trial: { histories: [], outputs: [] } });
    await session.release();
  }
  const bank = await openHeadBank(banked, false);
  const scoring = { past: state, scores: new Float32Array(heads), classes: new Uint16Array(heads) };
  return {
    name: `streaming, mel by ${mel}: ${heads} ${heads === 1 ? "head" : "heads"}`,
    streams: 1,
    async hop(pcm) {
      await features.step([{ state, pcm }]);
      await bank.score([scoring]);
    },
  };
}

async function nativeWays(): Promise<Way[]> {
  const folder = process.env.ONNXRUNTIME_NODE;
  if (!folder) {
    console.log("not measured: native onnxruntime (ONNXRUNTIME_NODE names no folder of onnxruntime-node)");
    return [];
  }
  const ways = [1, 10].map(async (heads) => ({
    name: `plain, native onnxruntime: ${heads} ${heads === 1 ? "head" : "heads"}`,
    streams: 1,
    hop: await nativePlain(folder, headNames(heads)),
  }));
  return Promise.all(ways);
}

const ways: Way[] = [];
for (const heads of [1, 6, 10]) ways.push(await engineWay("plain", heads));
for (const heads of [1, 10]) ways.push(await partWay("graph", heads));
for (const heads of [1, 10]) ways.push(await partWay("TypeScript", heads));
for (const heads of [1, 6, 10]) ways.push(await engineWay("streaming", heads));
for (const streams of [2, 4, 8, 16]) ways.push(await engineWay("streaming", 1, streams));
for (const streams of [2, 4, 8, 16]) ways.push(await engineWay("streaming", 10, streams));
ways.push(...(await nativeWays()));

const sound = await mixedSound(((ROUNDS + WARM_UP_ROUNDS) * HOPS_OF_ROUND * HOP_MS) / 1000, SEED);
const wallMs = ways.map((): number[] => []);
const cpuShare = ways.map((): number[] => []);
for (let round = 0; round < ROUNDS + WARM_UP_ROUNDS; round++) {
  for (const [index, { streams, hop }] of ways.entries()) {
    const cpuBefore = process.cpuUsage();
    for (let i = 0; i < HOPS_OF_ROUND; i++) {
      const at = (round * HOPS_OF_ROUND + i) * HOP_SAMPLES;
      const beganMs = performance.now();
      await hop(sound.subarray(at, at + HOP_SAMPLES));
      if (round >= WARM_UP_ROUNDS) wallMs[index]?.push((performance.now() - beganMs) / streams);
    }
    const { user, system } = process.cpuUsage(cpuBefore);
    if (round >= WARM_UP_ROUNDS) {
      cpuShare[index]?.push((user + system) / 10 / (HOPS_OF_ROUND * HOP_MS * streams));
    }
  }
}

const rows = (figures: readonly (readonly number[])[]) =>
  ways.map(({ name }, i) => ({ name, figures: figures[i] ?? [] }));
console.log(formatTable({ title: "Time per 80 ms hop and stream", unit: "ms", rows: rows(wallMs) }));
console.log(formatTable({ title: "CPU per stream in real time", unit: "% of a core", rows: rows(cpuShare) }));
