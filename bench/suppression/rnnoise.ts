/** RNNoise (Valin 2018), a recurrent network, out of the package @echogarden/rnnoise-wasm, which is no dependency. */
import { Resampler } from "../../src/audio/resampler.ts";
import type { Suppressor } from "./suppressor.ts";

/** What is used of the package. */
interface RnnoisePackage {
  readonly default: () => Promise<Rnnoise>;
}

interface Rnnoise {
  /** The module's memory; another array when it has grown. */
  readonly HEAPF32: Float32Array;
  _malloc(bytes: number): number;
  _free(address: number): void;
  _rnnoise_create(model: number): number;
  _rnnoise_destroy(state: number): void;
  /** Floats of the size of s16. */
  _rnnoise_process_frame(state: number, output: number, input: number): number;
}

/** 10 ms at 48 kHz. */
const FRAME_SAMPLES = 480;
const FACTOR = 3;
/** Samples of 16 kHz on either side that an interpolated one is made of. */
const HALF = 24;

/**
 * @param folder of the package
 * @returns why not, where there is none
 */
export async function rnnoiseSuppressor(folder: string | undefined): Promise<Suppressor | string> {
  if (!folder) return "RNNoise: RNNOISE_WASM names no folder of the package @echogarden/rnnoise-wasm";
  const rnnoise = await ((await import(folder)) as RnnoisePackage).default();
  return {
    name: "RNNoise",
    suppress(pcm) {
      const state = rnnoise._rnnoise_create(0);
      const frame = rnnoise._malloc(FRAME_SAMPLES * Float32Array.BYTES_PER_ELEMENT);
      const at = frame / Float32Array.BYTES_PER_ELEMENT;
      const wide = interpolated(pcm);
      const clean = new Int16Array(wide.length);
      for (let start = 0; start + FRAME_SAMPLES <= wide.length; start += FRAME_SAMPLES) {
        rnnoise.HEAPF32.set(wide.subarray(start, start + FRAME_SAMPLES), at);
        rnnoise._rnnoise_process_frame(state, frame, frame);
        const memory = rnnoise.HEAPF32;
        for (let i = 0; i < FRAME_SAMPLES; i++) {
          clean[start + i] = Math.max(-32_768, Math.min(32_767, Math.round(memory[at + i] ?? 0)));
        }
      }
      rnnoise._free(frame);
      rnnoise._rnnoise_destroy(state);
      return decimated(clean, pcm.length);
    },
  };
}

/** From 16 to 48 kHz by a windowed sinc (Hann). */
function interpolated(pcm: Int16Array): Float32Array {
  const phases = Array.from({ length: FACTOR }, (_, phase) =>
    Float32Array.from({ length: 2 * HALF }, (_, tap) => {
      const x = HALF - 1 - tap + phase / FACTOR;
      const sinc = x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
      return sinc * Math.cos((Math.PI * x) / (2 * HALF)) ** 2;
    }),
  );
  const padded = new Float32Array(pcm.length + 2 * HALF);
  padded.set(pcm, HALF - 1);
  const wide = new Float32Array(pcm.length * FACTOR);
  for (let i = 0; i < pcm.length; i++) {
    for (let phase = 0; phase < FACTOR; phase++) {
      const taps = phases[phase] ?? padded;
      let sum = 0;
      for (let tap = 0; tap < 2 * HALF; tap++) sum += (taps[tap] ?? 0) * (padded[i + tap] ?? 0);
      wide[i * FACTOR + phase] = sum;
    }
  }
  return wide;
}

function decimated(wide: Int16Array, samples: number): Int16Array {
  const resampler = new Resampler(FACTOR * 16_000);
  const narrow = new Int16Array(resampler.outputCapacity(wide.length) + resampler.outputCapacity(4800));
  const written = resampler.process(wide, wide.length, narrow);
  resampler.flush(narrow.subarray(written));
  return narrow.slice(0, samples);
}
