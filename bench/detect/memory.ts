// How much memory streams take: `bun bench/detect/memory.ts FORM HEADS GATE STREAMS...` prints, as JSON, the bytes of this
// process with so many streams, one figure for each count. A process of its own, because none gives back what it took.
import { HOP_SAMPLES, SAMPLE_RATE_HZ } from "../../src/wake/features.ts";
import { noise } from "../../test/support/clips.ts";
import { hopAllOf, openEngine } from "./ways.ts";

const TOGETHER = 16;
/** Enough to fill every ring of a stream, and for a gate to close. */
const HOPS = 60;
/** Of full scale: a quiet room. */
const LEVEL = 0.001;

const [form, heads, gate, ...counts] = process.argv.slice(2);
const engine = await openEngine(form === "plain" ? "plain" : "streaming", Number(heads));
const sound = noise((HOPS * HOP_SAMPLES) / SAMPLE_RATE_HZ, LEVEL, 1);
const listeners: { readonly stream: ReturnType<typeof engine.newStream>; readonly scores: Float32Array }[] = [];
const bytes: number[] = [];
for (const count of counts.map(Number)) {
  while (listeners.length < count) {
    listeners.push({ stream: engine.newStream({ gate: gate === "gate" }), scores: new Float32Array(Number(heads)) });
  }
  for (let hop = 0; hop < HOPS; hop++) {
    const pcm = sound.subarray(hop * HOP_SAMPLES, (hop + 1) * HOP_SAMPLES);
    const hops = listeners.map((listener) => ({ ...listener, pcm }));
    await hopAllOf(engine, hops, TOGETHER);
  }
  Bun.gc(true);
  bytes.push(process.memoryUsage.rss());
}
console.log(JSON.stringify(bytes));
