// Raw s16le at 16 kHz from standard input, in place of a microphone.
import type { Stdin } from "../../ffi/stdin.ts";
import { type AudioSource, SAMPLE_RATE_HZ, SourceError } from "./source.ts";

const BUFFER_BYTES = 16_384;
/** A little faster than real time, so that a writer whose clock runs fast is never held back for long ... */
const PACE_SAMPLES_PER_MS = (SAMPLE_RATE_HZ * 1.1) / 1000;
/** ... and as much at once as a pipe holds after a pause. */
const BURST_SAMPLES = SAMPLE_RATE_HZ;

/**
 * A source of what comes in on standard input. It takes 1.1 s of audio a second and 1 s at once at most, so a file that is
 * piped in waits in its pipe and does not flood who listens. Half a sample at the end of a read is kept for the next,
 * and dropped at the end of the stream.
 * @param nowMs monotonic milliseconds
 */
export function stdinSource(stdin: Stdin, nowMs: () => number): AudioSource {
  const buffer = new ArrayBuffer(BUFFER_BYTES);
  const samples = new Int16Array(buffer);
  const bytes = new Uint8Array(buffer);
  /** The same memory after its first byte, for when that is half of a sample. */
  const bytesAfterHalf = new Uint8Array(buffer, 1);
  let start = 0;
  let end = 0;
  let half: number | undefined;
  let open = true;
  let budget = BURST_SAMPLES;
  let budgetAtMs: number | undefined;

  function refill(): void {
    if (half !== undefined) bytes[0] = half;
    const carried = half === undefined ? 0 : 1;
    const count = receive(carried === 0 ? bytes : bytesAfterHalf);
    if (count < 0) open = false;
    if (count <= 0) return;
    const total = carried + count;
    start = 0;
    end = total >> 1;
    half = total % 2 === 0 ? undefined : bytes[total - 1];
  }

  function receive(into: Uint8Array): number {
    try {
      return stdin.readAvailable(into);
    } catch (cause) {
      throw new SourceError(cause instanceof Error ? cause.message : String(cause), { cause });
    }
  }

  return {
    kind: "stdin",
    description: "standard input (16 kHz mono s16)",
    live: true,
    nativeRateHz: SAMPLE_RATE_HZ,
    overruns: 0,
    read(into) {
      const now = nowMs();
      budget = Math.min(BURST_SAMPLES, budget + (now - (budgetAtMs ?? now)) * PACE_SAMPLES_PER_MS);
      budgetAtMs = now;
      const most = Math.min(into.length, Math.floor(budget));
      let written = 0;
      while (written < most) {
        if (start === end && open) refill();
        if (start === end) break;
        while (start < end && written < most) into[written++] = samples[start++] ?? 0;
      }
      budget -= written;
      return written === 0 && start === end && !open ? "ended" : written;
    },
    close() {
      open = false;
      start = end;
    },
  };
}
