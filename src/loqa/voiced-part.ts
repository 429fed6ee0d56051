/** Where somebody speaks in a recording: from the first voice to the last. Pure. */

const FRAMES_PER_S = 50;
/** What counts as voice: 6 dB above what is quiet in it, and at most 30 dB below what is loud, in RMS. */
const ABOVE_QUIET = 2;
const BELOW_LOUD = 10 ** -1.5;
/** So many of five frames: a click is no voice. */
const VOICED = 3;
const AROUND = 5;

/** @returns samples of mono sound, from the first to behind the last; all of them where nothing stands out */
export function voicedPart(pcm: Int16Array, rateHz: number): { readonly from: number; readonly to: number } {
  const frameSamples = Math.round(rateHz / FRAMES_PER_S);
  const frames = Math.floor(pcm.length / frameSamples);
  const levels = Float64Array.from({ length: frames }, (_, i) =>
    levelOf(pcm.subarray(i * frameSamples, (i + 1) * frameSamples)),
  );
  const sorted = levels.toSorted();
  const quiet = sorted[Math.floor(frames / 10)] ?? 0;
  const loud = sorted[Math.floor((frames * 19) / 20)] ?? 0;
  const least = Math.max(quiet * ABOVE_QUIET, loud * BELOW_LOUD, 1);
  let from = frames;
  let to = -1;
  for (let frame = 0; frame < frames; frame++) {
    if ((levels[frame] ?? 0) < least) continue;
    let [ahead, behind] = [0, 0];
    for (let n = 0; n < AROUND; n++) {
      if ((levels[frame + n] ?? 0) >= least) ahead++;
      if ((levels[frame - n] ?? 0) >= least) behind++;
    }
    if (ahead >= VOICED) from = Math.min(from, frame);
    if (behind >= VOICED) to = frame;
  }
  return from <= to ? { from: from * frameSamples, to: (to + 1) * frameSamples } : { from: 0, to: pcm.length };
}

function levelOf(samples: Int16Array): number {
  let energy = 0;
  for (let i = 0; i < samples.length; i++) energy += (samples[i] ?? 0) ** 2;
  return Math.sqrt(energy / samples.length);
}
