/** The noise suppression that openWakeWord offers: speexdsp's preprocessor (Debian: libspeexdsp1). */
import { dlopen, FFIType } from "bun:ffi";
import type { Suppressor } from "./suppressor.ts";

/** 10 ms, as openWakeWord has it. */
const FRAME_SAMPLES = 160;
const RATE_HZ = 16_000;
const LIBRARY = "libspeexdsp.so.1";

/**
 * As the library is by itself: noise 15 dB down, no gain control.
 *
 * @returns why not, where the library is not there
 */
export function speexSuppressor(): Suppressor | string {
  const opened = openLibrary();
  if (typeof opened === "string") return opened;
  const { speex_preprocess_state_init, speex_preprocess_run, speex_preprocess_state_destroy } = opened.symbols;
  return {
    name: "speexdsp",
    suppress(pcm) {
      const state = speex_preprocess_state_init(FRAME_SAMPLES, RATE_HZ);
      const clean = pcm.slice();
      const frame = new Int16Array(FRAME_SAMPLES);
      for (let start = 0; start + FRAME_SAMPLES <= clean.length; start += FRAME_SAMPLES) {
        frame.set(clean.subarray(start, start + FRAME_SAMPLES));
        speex_preprocess_run(state, frame);
        clean.set(frame, start);
      }
      speex_preprocess_state_destroy(state);
      return clean;
    },
  };
}

function openLibrary() {
  try {
    return dlopen(LIBRARY, {
      speex_preprocess_state_init: { args: [FFIType.i32, FFIType.i32], returns: FFIType.ptr },
      speex_preprocess_run: { args: [FFIType.ptr, FFIType.ptr], returns: FFIType.i32 },
      speex_preprocess_state_destroy: { args: [FFIType.ptr], returns: FFIType.void },
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return `speexdsp: ${LIBRARY} cannot be opened: ${why} (apt-get install libspeexdsp1)`;
  }
}
