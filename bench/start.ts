// How long a start takes: `bun bench/start.ts [RUNS]`, 7 runs by default from source and, where dist/earshot is, compiled.
// From the start of the process to the first sample that inference gets (aim: below 1.5 s), to the page's first answer,
// and to where a wake word would be noticed (2 s after the first sample).
import { existsSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { earshotCommand, startEarshot } from "../test/support/running-earshot.ts";
import { startVirtualMicrophone, type VirtualMicrophone } from "../test/support/virtual-microphone.ts";
import { formatTable } from "./table.ts";

const RUNS = 7;
const POLL_MS = 4;
const FRAME_MS = 80;
/** So many messages with a frame's number, 20 ms apart, that one of them came right behind its frame. */
const LEVELS = 50;

/** ms from the start of the process. */
interface Start {
  readonly firstSampleMs: number;
  readonly pageMs: number;
  readonly armedMs: number;
}

async function measureStart(microphone: VirtualMicrophone, binary: boolean): Promise<Start> {
  const startedMs = Date.now();
  const config = "activation_system: { update_rate: 20 }";
  const earshot = await startEarshot({ args: ["--model", "alexa"], env: microphone.env, binary, config });
  try {
    const answers = async () => (await fetch(earshot.url).catch(() => undefined))?.ok === true;
    while (!(await answers())) await Bun.sleep(POLL_MS);
    const pageMs = Date.now() - startedMs;
    while (!(await earshot.get<{ readonly armed: boolean }>("/api/activation")).armed) await Bun.sleep(POLL_MS);
    const armedMs = Date.now() - startedMs;

    // Frames are numbered from the first sample on.
    const live = await earshot.watch();
    const levels = () => live.messages.flatMap((message) => (message.type === "levels" ? [message.levels] : []));
    while (levels().length < LEVELS) await Bun.sleep(FRAME_MS);
    live.close();
    const firstSampleMs = Math.min(...levels().map(({ at, frame }) => at - frame * FRAME_MS)) - startedMs;
    return { firstSampleMs, pageMs, armedMs };
  } finally {
    await earshot.destroy();
  }
}

const runs = Number(process.argv[2] ?? RUNS);
const microphone = await startVirtualMicrophone();
try {
  const ways = [{ name: "from source", binary: false }];
  if (existsSync(earshotCommand(true)[0] ?? "")) ways.push({ name: "compiled", binary: true });
  const rows: { readonly name: string; readonly starts: readonly Start[] }[] = [];
  for (const { name, binary } of ways) {
    const starts: Start[] = [];
    for (let run = 0; run < runs; run++) starts.push(await measureStart(microphone, binary));
    rows.push({ name, starts });
  }
  console.log(`${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}\n`);
  const columns = [
    ["start to first sample (aim: below 1500 ms)", "firstSampleMs"],
    ["start to the page's first answer", "pageMs"],
    ["start to armed", "armedMs"],
  ] as const;
  for (const [title, key] of columns) {
    const figures = rows.map(({ name, starts }) => ({ name, figures: starts.map((start) => start[key]) }));
    console.log(formatTable({ title, unit: "ms", rows: figures }));
  }
} finally {
  await microphone.stop();
}
