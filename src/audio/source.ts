// Where audio comes from: the interface every source keeps, and the words that name one.

/** Samples per second of all audio inside Earshot: mono, 16 bits, signed. */
export const SAMPLE_RATE_HZ = 16_000;

/** A source of 16 kHz mono s16, used by one thread. */
export interface AudioSource {
  readonly kind: "microphone" | "file" | "stdin";
  /** For people: the device or file and how it was opened. */
  readonly description: string;
  /** A stream that was under way before it was opened, whose first seconds may not fire. Files score from their first frame. */
  readonly live: boolean;
  /** Samples per second of the device or file itself, before resampling. */
  readonly nativeRateHz: number;
  /** How often the sound system dropped samples because they were read too late. 0 where nothing can be dropped. */
  readonly overruns: number;
  /**
   * Moves what is there now to the start of `into`; never waits, allocates nothing. Call again at once while it fills `into`.
   * @returns samples written, 0 when there is nothing yet, "ended" when nothing will ever come
   * @throws SourceError when the source broke: close it and open another
   */
  read(into: Int16Array): number | "ended";
  /** Frees the device. A frozen sound server makes a microphone's `close` hang. Safe to repeat. */
  close(): void;
}

/** A source could not be opened, or broke. The message says which, why and what to do. */
export class SourceError extends Error {
  override readonly name = "SourceError";
}

/** Which capture device is meant: the sound system's default, PortAudio's index, or a name. */
export type DeviceChoice = "default" | number | { readonly name: string };

/** A source as the configuration names it. */
export type SourceChoice =
  | { readonly kind: "device"; readonly device: DeviceChoice }
  | { readonly kind: "file"; readonly path: string; readonly loop: boolean }
  | { readonly kind: "stdin" }
  /** No sound is wanted from this machine. */
  | { readonly kind: "none" };

const LOOP = "?loop";

/**
 * Reads the words of `--source`: `default`, a device's index or name, `file:PATH`, `file:PATH?loop`, `stdin`,
 * `none`.
 * Whether the device or file exists is seen when it is opened.
 * @throws SourceError when the text is empty or names no file after `file:`
 */
export function parseSource(text: string): SourceChoice {
  const source = text.trim();
  if (source === "") {
    throw new SourceError(
      'the audio source is empty: give "default", a device\'s name or index, "file:PATH" or "stdin"',
    );
  }
  if (source === "stdin") return { kind: "stdin" };
  if (source === "none") return { kind: "none" };
  if (source.startsWith("file:")) {
    const loop = source.endsWith(LOOP);
    const path = source.slice("file:".length, loop ? -LOOP.length : undefined);
    if (path === "") throw new SourceError(`"${source}" names no file: give "file:PATH" or "file:PATH${LOOP}"`);
    return { kind: "file", path, loop };
  }
  return { kind: "device", device: deviceOf(source) };
}

/**
 * Reads the words of `audio.output`, but for "none": `default`, a device's index or name.
 * @throws SourceError when the text is empty
 */
export function parseOutput(text: string): DeviceChoice {
  const output = text.trim();
  if (output === "")
    throw new SourceError('the audio output is empty: give "default", a device\'s name or index, or "none"');
  return deviceOf(output);
}

function deviceOf(text: string): DeviceChoice {
  if (text === "default") return "default";
  return /^\d+$/.test(text) ? Number(text) : { name: text };
}
