// What Earshot costs while it listens to one word: `bun bench/footprint.ts [--binary]`, about a minute and a half.
// CPU of all its processes and threads, from /proc, second by second after 20 s of warm-up; the sound server and the
// browser are not counted, but share the machine. Aim: below 12 % of one core.
import { readdirSync, readFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { openPage, startBrowser } from "../test/support/browser.ts";
import { noise } from "../test/support/clips.ts";
import { descendants, startEarshot } from "../test/support/running-earshot.ts";
import { startVirtualMicrophone } from "../test/support/virtual-microphone.ts";
import { cpuMs, measureCpu } from "./process-cpu.ts";
import { formatTable, type Row } from "./table.ts";

const WARM_UP_S = 20;
const MEASURED_S = 30;
/** Amplitude of white noise, 0..1. */
const ROOM_NOISE = 0.02;
function threads(pids: readonly number[]): ReadonlyMap<string, number> {
  const used = new Map<string, number>();
  for (const pid of pids) {
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      const stat = readFileSync(`/proc/${pid}/task/${task}/stat`, "utf8");
      used.set(`${pid}/${task} ${stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"))}`, cpuMs(stat));
    }
  }
  return used;
}

function memoryMb(pid: number): { readonly rss: number; readonly pss: number } {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const field = (name: string) =>
    Number(rollup.match(new RegExp(`^${name}: +(\\d+) kB`, "m"))?.[1] ?? Number.NaN) / 1024;
  return { rss: field("Rss"), pss: field("Pss") };
}

function mean(figures: readonly number[]): number {
  return figures.reduce((total, figure) => total + figure, 0) / figures.length;
}

const binary = process.argv.includes("--binary");
const [microphone, browser] = await Promise.all([startVirtualMicrophone(), startBrowser()]);
const earshot = await startEarshot({ args: ["--model", "alexa"], env: microphone.env, binary });
try {
  // A room is never quite silent, and silence may cost less.
  void microphone.playPcm(noise(WARM_UP_S + 2 * MEASURED_S + 30, ROOM_NOISE, 1)).catch(() => {});
  await earshot.until("armed", ({ activation }) => activation.armed);
  const pids = [earshot.pid, ...descendants(earshot.pid)];
  await Bun.sleep(WARM_UP_S * 1000);
  const before = threads(pids);
  const rows: Row[] = [{ name: "no page open", figures: await measureCpu(pids, MEASURED_S) }];
  const after = threads(pids);
  const { page } = await openPage(browser, earshot.url);
  await page.getByTestId("activation-status").filter({ hasText: "Listening" }).waitFor();
  await Bun.sleep(2000);
  rows.push({ name: "one page open", figures: await measureCpu(pids, MEASURED_S) });

  console.log(`${binary ? "the binary" : "from source"}; ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}\n`);
  console.log(formatTable({ title: "CPU, percent of one core, second by second (aim: below 12)", unit: "%", rows }));
  for (const { name, figures } of rows) console.log(`mean, ${name}: ${mean(figures).toFixed(1)} %`);

  console.log("\nbusiest threads without a page, percent of one core");
  const busiest = [...after].map(
    ([name, usedMs]) => [name, (usedMs - (before.get(name) ?? 0)) / (10 * MEASURED_S)] as const,
  );
  for (const [name, percent] of busiest.sort(([, a], [, b]) => b - a).slice(0, 6)) {
    console.log(`${percent.toFixed(1).padStart(5)}  ${name}`);
  }

  console.log("\nmemory, MB        RSS    PSS");
  for (const [index, pid] of pids.entries()) {
    const { rss, pss } = memoryMb(pid);
    const name = index === 0 ? "parent" : "program";
    console.log(`${name.padEnd(14)}${rss.toFixed(0).padStart(7)}${pss.toFixed(0).padStart(7)}`);
  }
} finally {
  await browser.close();
  await earshot.destroy();
  await microphone.stop();
}
