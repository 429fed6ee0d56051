// A recording played in real time, in place of a microphone.
import { type AudioSource, SAMPLE_RATE_HZ } from "./source.ts";

/** What is played, and against which clock. */
export interface FileSourceOptions {
  /** What the file is called, for people. */
  readonly name: string;
  /** 16 kHz mono s16. */
  readonly samples: Int16Array;
  /** Begin again at the end, for ever, without a gap. @default false */
  readonly loop?: boolean;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

/**
 * A source that gives a recording at the pace at which a microphone would: time starts with the first read; at t ms exactly
 * floor(16 t) samples have been given, however seldom it is read. Nothing to loop over ends at once.
 */
export function fileSource({ name, samples, loop = false, nowMs }: FileSourceOptions): AudioSource {
  let startedAtMs: number | undefined;
  let given = 0;
  let closed = false;
  const repeats = loop && samples.length > 0;

  return {
    kind: "file",
    description: repeats ? `${name} (in a loop)` : name,
    live: false,
    nativeRateHz: SAMPLE_RATE_HZ,
    overruns: 0,
    read(into) {
      if (closed || (!repeats && given >= samples.length)) return "ended";
      const now = nowMs();
      startedAtMs ??= now;
      const due = Math.floor(((now - startedAtMs) * SAMPLE_RATE_HZ) / 1000);
      const last = repeats ? due : Math.min(due, samples.length);
      const count = Math.max(0, Math.min(last - given, into.length));
      for (let i = 0; i < count; i++) into[i] = samples[(given + i) % samples.length] ?? 0;
      given += count;
      return count;
    },
    close() {
      closed = true;
    },
  };
}
