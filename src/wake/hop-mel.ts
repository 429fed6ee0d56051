/** A hop's mel frames, scaled as the embedding takes them: decibels / 10 + 2. */
import { CONTEXT_SAMPLES, HOP_MEL_FRAMES, HOP_SAMPLES, MEL_BANDS } from "./features.ts";
import { createMel } from "./mel.ts";
import { readMelGraph } from "./mel-graph.ts";
import { runForFloats, type Session, tensorOver } from "./ort.ts";

/** Turns samples, 480 of context and a hop of 1280, into 8 frames of 32 bands. */
export interface HopMel {
  /** @returns a promise only where it has to wait */
  frames(samples: Float32Array, frames: Float32Array): Promise<void> | undefined;
  close(): Promise<void>;
}

/** The mel graph itself. */
export function graphMel(session: Session): HopMel {
  const [input = ""] = session.inputNames;
  const [output = ""] = session.outputNames;
  return {
    async frames(samples, frames) {
      const feed = { [input]: tensorOver(samples, [1, samples.length]) };
      const decibels = await runForFloats(session, feed, output, HOP_MEL_FRAMES * MEL_BANDS);
      for (let i = 0; i < decibels.length; i++) frames[i] = (decibels[i] ?? 0) / 10 + 2;
    },
    close: () => session.release(),
  };
}

/** The same frames by a Fourier transform, or a sentence that says why the graph does not compute them so. */
export function fourierMel(graph: Uint8Array): HopMel | string {
  const constants = readMelGraph(graph);
  if ("notMel" in constants) return constants.notMel;
  const { fftSize, stride, bands } = constants;
  const frames = Math.floor((CONTEXT_SAMPLES + HOP_SAMPLES - fftSize) / stride) + 1;
  if (frames !== HOP_MEL_FRAMES || bands !== MEL_BANDS) return `a hop has ${frames} frames of ${bands} bands in it`;
  const mel = createMel(constants);
  return {
    frames(samples, into) {
      mel.chunk(samples, into);
      return undefined;
    },
    close: async () => {},
  };
}
