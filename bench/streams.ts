// One program and many microphones that send to it: `bun bench/streams.ts [COUNT...]`, half a minute each. Real sound over
// real sockets, in real time: first all of them a room with people and music in it, so that every network is awake, then
// ten of them so and the others a quiet room. Needs two cores, one of which the senders share.
import { mkdtempSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import type { LevelsView } from "../src/web/schemas/live.ts";
import { noise } from "../test/support/clips.ts";
import { encodeWav } from "../test/support/encode-wav.ts";
import { mixedSound } from "../test/support/mixed-sound.ts";
import { descendants, startEarshot } from "../test/support/running-earshot.ts";
import { measureCpu } from "./process-cpu.ts";
import { quantile } from "./table.ts";

const COUNTS = [1, 8, 32, 100, 200];
const WARM_UP_S = 8;
const MEASURED_S = 15;
const PIECE_MS = 80;
const PIECE_SAMPLES = 1280;
/** Amplitude of white noise, 0..1: a room that is quiet. */
const QUIET = 0.002;
const AWAKE = 10;
const NO_MICROPHONE = { PULSE_SERVER: "unix:/nowhere/native", JACK_NO_START_SERVER: "1" };

/** All senders of one measurement: a piece each every 80 ms, from a place of its own in the sound. */
function send(url: string, sounds: readonly Int16Array[]) {
  const gone = new AbortController();
  const writers = sounds.map((_, i) => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    fetch(`${url}/api/streams/room-${i}`, { method: "PUT", body: readable, signal: gone.signal }).catch(() => {});
    return writable.getWriter();
  });
  let piece = 0;
  const beganMs = performance.now();
  const timer = setInterval(() => {
    // A piece each for all the time that has passed: timers are late now and then.
    for (; piece * PIECE_MS <= performance.now() - beganMs; piece++) {
      for (const [i, sound] of sounds.entries()) {
        const pieces = Math.floor(sound.length / PIECE_SAMPLES);
        const at = ((piece + 37 * i) % pieces) * PIECE_SAMPLES;
        const bytes = new Uint8Array(sound.buffer, sound.byteOffset + 2 * at, 2 * PIECE_SAMPLES);
        writers[i]?.write(bytes).catch(() => {});
      }
    }
  }, 20);
  return () => {
    clearInterval(timer);
    gone.abort();
  };
}

async function measure(count: number, awake: number, loud: Int16Array, quiet: Int16Array) {
  const folder = mkdtempSync(join(tmpdir(), "earshot-"));
  await Bun.write(join(folder, "quiet.wav"), encodeWav(quiet));
  await using earshot = await startEarshot({
    folder,
    args: ["--model", "alexa", "--source", `file:${join(folder, "quiet.wav")}?loop`],
    env: NO_MICROPHONE,
    config: `streams: { max: ${count} }`,
  });
  await earshot.until("armed", ({ activation }) => activation.armed, 60_000);
  const stop = send(
    earshot.url,
    Array.from({ length: count }, (_, i) => (i < awake ? loud : quiet)),
  );
  try {
    await earshot.until("all there", ({ streams }) => streams.length === count + 1);
    await Bun.sleep(WARM_UP_S * 1000);
    const { messages, close } = await earshot.watch();
    const cpu = await measureCpu([earshot.pid, ...descendants(earshot.pid)], MEASURED_S);
    close();
    const levels = messages.flatMap((message) => (message.type === "levels" ? message.levels.streams : []));
    const { streams } = await earshot.get<{ streams: { lostSamples: number }[] }>("/api/streams");
    return { cpu, levels, lost: streams.reduce((sum, { lostSamples }) => sum + lostSamples, 0) };
  } finally {
    stop();
  }
}

const asked = process.argv.slice(2).map(Number);
const counts = asked.length > 0 ? asked : COUNTS;
const loud = await mixedSound(120, 1);
const quiet = noise(60, QUIET, 1);
console.log(`one head, from source; ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}\n`);
console.log("streams   awake   CPU median   lag median      p99   seconds lost");
for (const count of counts) {
  for (const awake of count > AWAKE ? [count, AWAKE] : [count]) {
    const { cpu, levels, lost } = await measure(count, awake, loud, quiet);
    const lag = levels.map(({ lagMs }: LevelsView["streams"][number]) => lagMs);
    const share = levels.filter(({ asleep }) => !asleep).length / levels.length;
    const cells = [
      String(count).padStart(7),
      `${(100 * share).toFixed(0)} %`.padStart(7),
      `${quantile(cpu, 0.5).toFixed(0)} %`.padStart(12),
      `${quantile(lag, 0.5)} ms`.padStart(12),
      `${quantile(lag, 0.99)} ms`.padStart(8),
      (lost / 16_000).toFixed(1).padStart(14),
    ];
    console.log(cells.join(" "));
  }
}
