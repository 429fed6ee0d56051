// A signal in which every sample is the one before plus one, so that a lost, doubled or moved sample shows.

export const COUNTER_PERIOD = 20_011;
/** It is never 0: zeros are what stands where nothing plays. */
export const COUNTER_FIRST = 1000;

export function counterSignal(samples: number): Int16Array {
  return Int16Array.from({ length: samples }, (_, i) => (i % COUNTER_PERIOD) + COUNTER_FIRST);
}
