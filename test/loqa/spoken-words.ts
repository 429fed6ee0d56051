// Something like speech: bursts of a voiced sound with pauses, the same for the same seed.

/** @returns a word of 0.6 s and a command of `commandS`, then `silenceS` of a quiet room */
export function utterance(
  rateHz: number,
  { amplitude = 8000, commandS = 1.5, silenceS = 2, noise = 20, leadS = 0.2 } = {},
): Int16Array {
  const seconds = leadS + 0.6 + 0.3 + commandS + silenceS;
  const pcm = new Int16Array(Math.round(seconds * rateHz));
  let random = 12_345;
  for (let i = 0; i < pcm.length; i++) {
    random = (Math.imul(random, 1_103_515_245) + 12_345) | 0;
    const hiss = (random / 2 ** 31) * noise;
    const atS = i / rateHz;
    pcm[i] = Math.round(hiss + amplitude * voiceAt(atS - leadS, commandS));
  }
  return pcm;
}

function voiceAt(atS: number, commandS: number): number {
  const inWord = atS >= 0 && atS < 0.6;
  const inCommand = atS >= 0.9 && atS < 0.9 + commandS;
  if (!inWord && !inCommand) return 0;
  const syllable = 0.6 + 0.4 * Math.sin(2 * Math.PI * 5 * atS);
  let sum = 0;
  for (const [harmonic, share] of [
    [1, 0.3],
    [5, 0.3],
    [12, 0.2],
    [20, 0.2],
  ] as const) {
    sum += share * Math.sin(2 * Math.PI * 140 * harmonic * atS);
  }
  return syllable * sum;
}
