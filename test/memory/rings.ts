import { AUDIO_RING_HEADER_WORDS, type AudioRingPlace, MAX_BLOCK_SAMPLES } from "../../src/memory/audio-ring.ts";

/** The smallest ring there may be, so that tests lap it soon. */
export const CAPACITY = 4 * MAX_BLOCK_SAMPLES;

/** Words in front of an audio ring: what the threads of a test tell each other, then canaries. */
export const DONE = 0;
/** How far each reader of a paced test is, from here on. */
export const PROGRESS = 1;
const CANARY = 0x00c0ffee;
const CANARY_WORDS = 16;
const RING = 2 * CANARY_WORDS;

/** @param start the write index to begin with */
export function audioRingPlace(start = 0): AudioRingPlace {
  const words = new Int32Array(
    new SharedArrayBuffer(4 * (RING + AUDIO_RING_HEADER_WORDS + CAPACITY / 2 + CANARY_WORDS)),
  );
  for (const canary of canaries(words)) canary.fill(CANARY);
  words[RING] = start;
  return { words, offset: RING, capacity: CAPACITY };
}

function canaries(words: Int32Array): readonly Int32Array[] {
  return [words.subarray(CANARY_WORDS, RING), words.subarray(words.length - CANARY_WORDS)];
}

/** Whether nobody wrote in front of the ring or behind it. */
export function canariesLive({ words }: AudioRingPlace): boolean {
  return canaries(words).every((canary) => canary.every((word) => word === CANARY));
}

/** What a test writes at an index: 14 bits that the index decides and 2 of the epoch. */
export function sampleAt(index: number, epoch: number): number {
  const hash = Math.imul(index | 0, 0x9e3779b1) >>> 18;
  return (((hash << 2) | (epoch & 3)) << 16) >> 16;
}
