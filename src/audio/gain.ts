// Making a quiet microphone louder.

/**
 * Applies a gain to the first `count` samples in place. What would not fit into 16 bits saturates; 0 dB leaves every sample as it is.
 * @param gainDb decibels, of amplitude
 */
export function applyGain(samples: Int16Array, count: number, gainDb: number): void {
  if (gainDb === 0) return;
  const factor = 10 ** (gainDb / 20);
  for (let i = 0; i < count; i++) {
    samples[i] = Math.max(-32768, Math.min(32767, Math.round((samples[i] ?? 0) * factor)));
  }
}
