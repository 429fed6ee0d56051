// ALSA, JACK and PortAudio print up to a hundred lines to stderr while devices are looked for, and more when one is refused.
import { dlopen, type Pointer, toArrayBuffer } from "bun:ffi";

const STDERR = 2;

/**
 * Makes ALSA's, JACK's and PortAudio's own messages go nowhere, in this process, for good. Call it before Pa_Initialize.
 * A library that is not installed has nothing to say and is passed over. Errors that PortAudio returns are not affected,
 * nor is anything Bun prints: it writes to file descriptor 2, which stays as it is.
 */
export function silenceAudioLibraries(): void {
  const { symbols: libc } = dlopen("libc.so.6", {
    dlsym: { args: ["ptr", "ptr"], returns: "ptr" },
    fopen: { args: ["ptr", "ptr"], returns: "ptr" },
    fileno: { args: ["u64"], returns: "i32" },
  });

  // The handlers run on those libraries' threads, where JavaScript may not run, so they are native: getpid ignores what it is given.
  const doNothing = libc.dlsym(null, cString("getpid"));
  if (doNothing !== null) {
    setHandlers("libasound.so.2", ["snd_lib_error_set_handler"], doNothing);
    setHandlers("libjack.so.0", ["jack_set_error_function", "jack_set_info_function"], doNothing);
  }

  // PortAudio has no handler: it prints to C's `stderr`, which glibc lets a program assign ("Standard Streams" in its manual).
  const address = libc.dlsym(null, cString("stderr"));
  if (address === null) return;
  const stderr = new BigUint64Array(toArrayBuffer(address, 0, 8));
  // Each thread that opens PortAudio comes by here; the first has done it for all.
  if (libc.fileno(stderr[0] ?? 0n) !== STDERR) return;
  const nowhere = libc.fopen(cString("/dev/null"), cString("w"));
  if (nowhere !== null) stderr[0] = BigInt(nowhere);
}

function setHandlers(library: string, setters: readonly string[], handler: Pointer | bigint): void {
  try {
    const { symbols } = dlopen(
      library,
      Object.fromEntries(setters.map((name) => [name, { args: ["ptr"], returns: "void" } as const])),
    );
    for (const name of setters) symbols[name]?.(handler);
  } catch {
    // The library, or the setter in an old version of it, is absent: there is nothing to silence.
  }
}

function cString(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}
