// A program that records a microphone, run by tests with the environment of a virtual microphone:
//   bun record-microphone.ts DEVICE SECONDS FILE
// writes 16 kHz mono s16 to FILE and one JSON object a line to standard output: open, error, silent, end.
import { monotonicMs } from "../../ffi/clock.ts";
import { openMicrophone } from "../../src/audio/portaudio-source.ts";
import { parseSource } from "../../src/audio/source.ts";

const POLL_MS = 5;
const SILENT_AFTER_MS = 1000;

function say(event: string, fields: Record<string, unknown> = {}): void {
  process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
}

async function record(device: string, seconds: number, file: string): Promise<void> {
  const choice = parseSource(device);
  if (choice.kind !== "device") throw new Error(`${device} is no device`);
  const source = openMicrophone(choice.device);
  say("open", { description: source.description });
  const recorded = new Int16Array(seconds * 16_000);
  const block = new Int16Array(1600);
  let samples = 0;
  let heardAtMs = monotonicMs();
  while (samples < recorded.length) {
    const count = source.read(block);
    if (count === "ended") break;
    if (count === 0) {
      if (monotonicMs() - heardAtMs > SILENT_AFTER_MS) {
        say("silent");
        break;
      }
      await Bun.sleep(POLL_MS);
      continue;
    }
    heardAtMs = monotonicMs();
    const kept = Math.min(count, recorded.length - samples);
    for (let i = 0; i < kept; i++) recorded[samples + i] = block[i] ?? 0;
    samples += kept;
  }
  await Bun.write(file, recorded.subarray(0, samples));
  say("end", { samples, overruns: source.overruns });
  source.close();
  say("closed");
}

const [device = "default", seconds = "1", file = "/dev/null"] = process.argv.slice(2);
try {
  await record(device, Number(seconds), file);
} catch (error) {
  say("error", error instanceof Error ? { name: error.name, message: error.message } : { message: String(error) });
  process.exit(1);
}
