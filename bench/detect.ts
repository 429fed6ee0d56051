// What detection costs, way by way: `bun bench/detect.ts`. About four minutes; all ways take turns within each round, so that
// what else the machine does hits them alike, and what is compared are medians of rounds.
// ONNXRUNTIME_NODE=/path/to/node_modules/onnxruntime-node adds the plain pipeline in native onnxruntime.
import { cpus, loadavg } from "node:os";
import { MOST_TOGETHER } from "../src/detect/stream-turns.ts";
import { HOP_SAMPLES } from "../src/wake/features.ts";
import { noise } from "../test/support/clips.ts";
import { mixedSound } from "../test/support/mixed-sound.ts";
import { type Aim, aimLine, coreShare, costTable, cpuPerSecondMs, type Measured } from "./detect/cost.ts";
import { engineWay, headsInWords, nativeWay, type Sounds, type Way } from "./detect/ways.ts";
import { aligned, rounded } from "./table.ts";

const ROUNDS = 40;
/** Left out: the code is being compiled. */
const WARM_UP_ROUNDS = 12;
const SEED = 1;
const MIXED_S = 64;
const QUIET_S = 8;
/** Of full scale: what a quiet room has. */
const QUIET_LEVEL = 0.001;
const STREAMS = [8, 32, 100, 200] as const;
const SLEEPERS = 190;
const MANY = 200;
const BATCHES = [4, 8, 16, 32] as const;
const BATCH_STREAMS = 32;
const MIB = 1024 * 1024;
/** The growth is taken between the last two: the second fills a run already. */
const MEMORY_STREAMS = [1, 16, 116] as const;

async function measureAll(ways: readonly Way[]): Promise<Measured[]> {
  const figures = ways.map(() => ({ cpuMs: [] as number[], wallMs: [] as number[] }));
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
    for (const [index, { pass, passesOfRound }] of ways.entries()) {
      const wallMs: number[] = [];
      const before = process.cpuUsage();
      for (let i = 0; i < passesOfRound; i++) {
        const beganMs = performance.now();
        await pass();
        wallMs.push(performance.now() - beganMs);
      }
      const { user, system } = process.cpuUsage(before);
      if (round < WARM_UP_ROUNDS) continue;
      figures[index]?.wallMs.push(...wallMs);
      figures[index]?.cpuMs.push((user + system) / 1000 / passesOfRound);
    }
  }
  return ways.map((way, i) => ({
    name: way.name,
    streams: way.streams,
    asleep: way.asleep(),
    cpuMs: figures[i]?.cpuMs ?? [],
    wallMs: figures[i]?.wallMs ?? [],
  }));
}

/** Bytes that a process of its own has, for each of these counts of streams. */
async function memoryOf(form: string, heads: number, gate: string, counts: readonly number[]): Promise<number[]> {
  const script = new URL("detect/memory.ts", import.meta.url).pathname;
  const child = Bun.spawn([process.execPath, script, form, String(heads), gate, ...counts.map(String)], {
    stderr: "inherit",
  });
  const printed = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`${script} failed with code ${child.exitCode}`);
  return JSON.parse(printed) as number[];
}

async function memoryTable(): Promise<string> {
  const ways = [
    { form: "plain", heads: 1, gate: "open", counts: [1] },
    { form: "plain", heads: 10, gate: "open", counts: [1] },
    { form: "streaming", heads: 1, gate: "open", counts: MEMORY_STREAMS },
    { form: "streaming", heads: 10, gate: "open", counts: MEMORY_STREAMS },
    { form: "streaming", heads: 10, gate: "gate", counts: MEMORY_STREAMS },
  ];
  const lines: string[][] = [];
  for (const { form, heads, gate, counts } of ways) {
    const [one = Number.NaN, few = Number.NaN, many = Number.NaN] = await memoryOf(form, heads, gate, counts);
    const growth = (many - few) / (MEMORY_STREAMS[2] - MEMORY_STREAMS[1]) / 1024;
    const ofMany = counts.length > 1 ? [rounded(many / MIB), rounded(growth)] : [];
    lines.push([
      `${form}, ${headsInWords(heads)}, gate ${gate === "gate" ? "asleep" : "open"}`,
      rounded(one / MIB),
      ...ofMany,
    ]);
  }
  return aligned([["", "1 stream MiB", `${MEMORY_STREAMS[2]} streams MiB`, "KiB a stream"], ...lines]);
}

/** The ways that are compared. */
interface Ways<Of> {
  readonly plain: readonly [Of, Of];
  readonly streaming: readonly [Of, Of];
  readonly many: readonly Of[];
  readonly asleep: Of;
  readonly batches: readonly Of[];
  readonly native: readonly Of[];
}

async function openWays(sounds: Sounds): Promise<Ways<Way>> {
  const one = (form: "plain" | "streaming", heads: number) =>
    engineWay({ form, heads, streams: 1, together: 1 }, sounds);
  const several = (heads: number, streams: number, together: number, quiet = 0) =>
    engineWay({ form: "streaming", heads, streams, together, quiet }, sounds);
  const folder = process.env.ONNXRUNTIME_NODE;
  if (!folder) console.log("not measured: native onnxruntime (ONNXRUNTIME_NODE names no folder of onnxruntime-node)\n");
  return {
    plain: [await one("plain", 1), await one("plain", 10)],
    streaming: [await one("streaming", 1), await one("streaming", 10)],
    many: await Promise.all(
      [1, 10].flatMap((heads) => STREAMS.map((streams) => several(heads, streams, MOST_TOGETHER))),
    ),
    asleep: await several(10, MANY, MOST_TOGETHER, SLEEPERS),
    batches: await Promise.all(
      BATCHES.map(async (together) => {
        const way = await several(10, BATCH_STREAMS, together);
        return { ...way, name: `${way.name}, ${together} in a run` };
      }),
    ),
    native: folder ? [await nativeWay(folder, 1, sounds), await nativeWay(folder, 10, sounds)] : [],
  };
}

function aimsOf({ plain, streaming, many, asleep, native }: Ways<Measured>): Aim[] {
  const [one, ten] = streaming;
  const house = many.findLast(({ streams }) => streams === 32);
  const against = native.map((way, i): Aim => {
    const figure = cpuPerSecondMs(i === 0 ? one : ten) / cpuPerSecondMs(way);
    return { what: `CPU of streaming against ${way.name}`, figure, bound: 1, rule: "at most" };
  });
  const ratio = (heads: string, i: 0 | 1): Aim => ({
    what: `CPU of plain against streaming, ${heads}`,
    figure: cpuPerSecondMs(plain[i]) / cpuPerSecondMs(streaming[i]),
    bound: 3.5,
    rule: "at least",
  });
  const share = (what: string, way: Measured): Aim => ({ what, figure: coreShare(way), bound: 1, rule: "at most" });
  return [
    ratio("1 head", 0),
    ratio("10 heads", 1),
    ...against,
    {
      what: "CPU of 10 heads against 1",
      figure: cpuPerSecondMs(ten) / cpuPerSecondMs(one),
      bound: 1.4,
      rule: "at most",
    },
    ...(house ? [share("cores for 32 streams of 10 heads", house)] : []),
    share(`cores for ${MANY} streams of 10 heads, ${asleep.asleep} of them asleep`, asleep),
  ];
}

const sounds: Sounds = {
  mixed: await mixedSound(MIXED_S, SEED),
  quiet: noise(QUIET_S, QUIET_LEVEL, SEED),
};
if (sounds.mixed.length % HOP_SAMPLES !== 0 || sounds.quiet.length % HOP_SAMPLES !== 0) {
  throw new Error("the sounds are not whole hops");
}
const ways = await openWays(sounds);
const order = [...ways.plain, ...ways.streaming, ...ways.native, ...ways.many, ways.asleep, ...ways.batches];
const measured = await measureAll(order);
const found = (way: Way): Measured => {
  const one = measured[order.indexOf(way)];
  if (!one) throw new Error(`${way.name} was not measured`);
  return one;
};
const all: Ways<Measured> = {
  plain: [found(ways.plain[0]), found(ways.plain[1])],
  streaming: [found(ways.streaming[0]), found(ways.streaming[1])],
  many: ways.many.map(found),
  asleep: found(ways.asleep),
  batches: ways.batches.map(found),
  native: ways.native.map(found),
};

console.log(
  `${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}; a pass is one hop (80 ms) of every stream, ${MOST_TOGETHER} in a run\n`,
);
console.log(`${costTable(measured.filter((one) => !all.batches.includes(one)))}\n`);
console.log(`How many streams to hand in at once\n${costTable(all.batches)}\n`);
for (const aim of aimsOf(all)) console.log(aimLine(aim));
console.log(`\nMemory of a process\n${await memoryTable()}`);
