// How old a state is when another thread has it: `bun bench/state-latency.ts`. About a minute; needs two cores at rest.
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { SharedMemory } from "../src/memory/shared-memory.ts";
import type { Ages, Order, Way } from "./state-latency-worker.ts";
import { formatTable, quantile, type Row } from "./table.ts";

interface Measured {
  readonly way: Way;
  readonly name: string;
  readonly updates: number;
}

const WAYS: readonly Measured[] = [
  { way: "record", name: "shared record, reader in Atomics.wait", updates: 6000 },
  { way: "bell", name: "shared record and doorbell, reader on an event loop", updates: 6000 },
  { way: "message", name: "postMessage from worker to worker", updates: 6000 },
  { way: "spun record", name: "shared record, read without a pause (a whole core)", updates: 6000 },
  { way: "file", name: "JSON file, read without a pause (a whole core)", updates: 6000 },
  { way: "polled file", name: "JSON file, read once a second as the old system did", updates: 500 },
];
const PAUSE_MS = 1;
/** Of each run, left out while the code is being compiled: a tenth. */
const WARM_UP = 0.1;

async function measure({ way, updates }: Measured): Promise<Ages> {
  const { buffer } = SharedMemory.create({ streams: 1, relays: 1 });
  const folder = mkdtempSync(join(tmpdir(), "earshot-bench-"));
  const { port1, port2 } = new MessageChannel();
  const start = (end: Order["end"], port: MessagePort, heard: (message: unknown) => void) => {
    const worker = new Worker(new URL("./state-latency-worker.ts", import.meta.url).href);
    worker.onmessage = ({ data }) => heard(data);
    const order: Order = { end, way, buffer, port, folder, updates, pauseMs: PAUSE_MS };
    worker.postMessage(order, [port]);
    return worker;
  };
  try {
    return await new Promise<Ages>((resolve, reject) => {
      const fail = ({ message }: ErrorEvent) => reject(new Error(`the ${way} worker failed: ${message}`));
      const reader = start("read", port1, (message) => {
        if (message === "ready") {
          const writer = start("write", port2, () => {});
          writer.onerror = fail;
        } else {
          reader.terminate();
          resolve(message as Ages);
        }
      });
      reader.onerror = fail;
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const rows: Row[] = [];
for (const measured of WAYS) {
  const { agesUs, broken } = await measure(measured);
  const figures = agesUs.slice(Math.floor(agesUs.length * WARM_UP));
  rows.push({ name: measured.name, figures });
  if (broken > 0) console.log(`${measured.name}: found half a file ${broken} times`);
}

const [record] = rows;
console.log(
  formatTable({
    title: `From writer to reader: one activation record, an update every ${PAUSE_MS} ms (${cpus().length} x ${cpus()[0]?.model}, Bun ${Bun.version})`,
    unit: "µs",
    rows,
  }),
);
if (record !== undefined) {
  const [median, p99] = [quantile(record.figures, 0.5), quantile(record.figures, 0.99)];
  console.log(
    `aims: median 20 µs (${median <= 20 ? "met" : "missed"}), p99 below 250 µs (${p99 < 250 ? "met" : "missed"})`,
  );
}
process.exit(0);
