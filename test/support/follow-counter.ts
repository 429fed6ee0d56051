// A program that runs the real capture worker on the microphone and, in another thread, reads the shared audio ring as
// inference does and follows a counter signal in it:
//   bun follow-counter.ts SAMPLES
// says "open" on standard output when audio comes, and one JSON object (Followed) when SAMPLES were counted or no more come.
import { loadConfig } from "../../src/config/load.ts";
import { publishConfig } from "../../src/config/shared-config.ts";
import { SharedMemory } from "../../src/memory/shared-memory.ts";
import { spawnThread } from "../../src/supervise/supervisor.ts";
import { workerUrl } from "../../src/supervise/worker-url.ts";
import { HOP_SAMPLES } from "../../src/wake/features.ts";
import { COUNTER_FIRST, COUNTER_PERIOD } from "./counter-signal.ts";

export interface Followed {
  /** Samples that were not zero. */
  readonly counted: number;
  /** Those that did not come after the one before; the first few, with what was expected. */
  readonly faults: readonly string[];
  /** What the ring's reader says. */
  readonly gaps: number;
  readonly lost: number;
  /** What the capture worker says. */
  readonly overruns: number;
  readonly reopens: number;
}

interface Order {
  readonly buffer: SharedArrayBuffer;
  readonly samples: number;
}

const SILENT_AFTER_MS = 3000;
const MOST_FAULTS = 5;

/** The reader's thread: it blocks, as the inference worker does. */
function follow({ buffer, samples }: Order): Followed {
  const memory = SharedMemory.attach(buffer);
  const ring = memory.audioReader(0, "oldest");
  const hop = new Int16Array(HOP_SAMPLES);
  const faults: string[] = [];
  let counted = 0;
  let gaps = 0;
  let expected = COUNTER_FIRST;
  let soundAtMs = performance.now();
  let began = false;
  while (counted < samples && (!began || performance.now() - soundAtMs < SILENT_AFTER_MS)) {
    const read = ring.read(hop);
    if (read === "wait") ring.waitFor(HOP_SAMPLES, 50);
    if (read === "gap") gaps++;
    if (read !== "block") continue;
    for (const sample of hop) {
      // Where the player is late, zeros stand between two samples.
      if (sample === 0) continue;
      if (sample !== expected && faults.length < MOST_FAULTS) faults.push(`${sample} after ${expected - 1}`);
      expected = sample + 1 < COUNTER_FIRST + COUNTER_PERIOD ? sample + 1 : COUNTER_FIRST;
      counted++;
      began = true;
      soundAtMs = performance.now();
    }
  }
  const { overruns } = memory.level(0).reader().read();
  // The first epoch begins with a gap that leads to its first sample.
  return {
    counted,
    faults,
    gaps: gaps - 1,
    lost: ring.lost,
    overruns,
    reopens: memory.capture.reader().read().reopens,
  };
}

async function main(samples: number): Promise<void> {
  const memory = SharedMemory.create({ streams: 1, relays: 1 });
  publishConfig(
    memory.configuration.writer(),
    loadConfig({ file: "earshot.yaml", text: "log: { level: error }", overrides: [] }).config,
  );
  spawnThread(workerUrl("capture"), { buffer: memory.buffer, settings: {} }, (words) => {
    console.error(words?.message ?? "the capture worker ended");
    process.exit(1);
  });
  const level = memory.level(0).reader();
  while (level.read().samples === 0) await Bun.sleep(10);
  const reader = new Worker(import.meta.url);
  const followed = new Promise<Followed>((resolve, reject) => {
    reader.onmessage = ({ data }) => resolve(data as Followed);
    reader.onerror = ({ message }) => reject(new Error(message));
  });
  reader.postMessage({ buffer: memory.buffer, samples } satisfies Order);
  console.log("open");
  console.log(JSON.stringify(await followed));
  process.exit(0);
}

if (Bun.isMainThread) await main(Number(process.argv[2]));
else addEventListener("message", ({ data }: MessageEvent<Order>) => postMessage(follow(data)), { once: true });
