/** A whole recording through a detector, as fast as the machine can. */
import type { Detection, Detector, NearMiss } from "./detector.ts";
import { HOP_MS, HOP_SAMPLES } from "./features.ts";

/** One 80 ms frame of a recording. */
export interface ScannedFrame {
  /** The end of the frame, from the beginning of the recording. */
  readonly atMs: number;
  /** The score of each of `detector.models`; rewritten by the next frame. */
  readonly scores: Float32Array;
  /** Usually empty. */
  readonly detections: readonly Detection[];
  /** Usually empty. One that is not over when the recording ends is not told. */
  readonly nearMisses: readonly NearMiss[];
}

/**
 * Scans a recording frame by frame, from a fresh start of the detector and with it armed at once.
 *
 * Samples that do not fill the last frame are completed with zeros, so that a word at the very end is heard; that
 * frame's end may lie up to 80 ms behind the recording's.
 *
 * onnxruntime never returns to the event loop by itself: a caller that must stay responsive awaits a timer now and then.
 *
 * @param pcm 16 kHz mono
 */
export async function* scan(detector: Detector, pcm: Int16Array): AsyncGenerator<ScannedFrame, void, void> {
  detector.reset(0, false);
  for (let start = 0; start < pcm.length; start += HOP_SAMPLES) {
    let hop = pcm.subarray(start, start + HOP_SAMPLES);
    if (hop.length < HOP_SAMPLES) {
      const padded = new Int16Array(HOP_SAMPLES);
      padded.set(hop);
      hop = padded;
    }
    const atMs = (start / HOP_SAMPLES + 1) * HOP_MS;
    const heard = await detector.hop(hop, atMs);
    const detections = heard.filter((one) => one.kind === "detection");
    const nearMisses = heard.filter((one) => one.kind !== "detection");
    yield { atMs, scores: detector.scores, detections, nearMisses };
  }
}
