/**
 * What a microphone of the demo's house hears of somebody: later and quieter the further away, through doors, with a room's
 * reverberation behind it. A sketch, good enough to tell near from far; bench/rooms simulates rooms properly.
 */
import { Fourier } from "../arbitration/fourier.ts";
import { type DemoRoom, type Spot, wallsBetween } from "./small-house.ts";

const RATE_HZ = 16_000;
const SPEED_OF_SOUND = 343;
/** An open door lets through this much less than stays in the room. */
const DOOR_DB = -12;
/** Of late sound, 60 dB down. */
const DECAY_S = 0.3;
/** Late sound against direct sound at 1 m: both are as loud 4 m away, in a room with curtains, carpets and sofas. */
const LATE_DB = -12;
const LATE_FROM_S = 0.02;

/**
 * @param voice as it is 1 m in front of the mouth, 16 kHz, 1 is full scale
 * @param random 0..1, seeded by whoever wants the same house again
 * @returns as long as the voice and its reverberation
 */
export function heardAt(voice: Float32Array, from: Spot, by: DemoRoom, random: () => number): Float32Array {
  const distance = Math.max(0.3, Math.hypot(by.microphone.x - from.x, by.microphone.y - from.y));
  const doors = wallsBetween(from, by.microphone);
  const through = 10 ** ((doors * DOOR_DB + by.gainDb) / 20);
  const delay = Math.round((distance / SPEED_OF_SOUND) * RATE_HZ);
  const answer = new Float64Array(delay + Math.ceil(DECAY_S * RATE_HZ));
  // Round a corner there is no direct sound, but what the door lets through of it.
  answer[delay] = through / distance;
  const late = answer.subarray(delay + Math.round(LATE_FROM_S * RATE_HZ));
  const fall = 10 ** (-3 / (DECAY_S * RATE_HZ));
  let energy = 0;
  for (let i = 0, level = 1; i < late.length; i++, level *= fall) {
    late[i] = level * (2 * random() - 1);
    energy += (late[i] ?? 0) ** 2;
  }
  const scale = (through * 10 ** (LATE_DB / 20)) / Math.sqrt(energy);
  for (let i = 0; i < late.length; i++) late[i] = (late[i] ?? 0) * scale;
  return convolved(voice, answer);
}

function convolved(voice: Float32Array, answer: Float64Array): Float32Array {
  const length = voice.length + answer.length - 1;
  const size = 2 ** Math.ceil(Math.log2(length));
  const fourier = new Fourier(size);
  const spectrum = (samples: ArrayLike<number>) => {
    const re = Float64Array.from({ length: size }, (_, i) => samples[i] ?? 0);
    const im = new Float64Array(size);
    fourier.forward(re, im);
    return { re, im };
  };
  const a = spectrum(voice);
  const b = spectrum(answer);
  for (let i = 0; i < size; i++) {
    const [ar = 0, ai = 0, br = 0, bi = 0] = [a.re[i], a.im[i], b.re[i], b.im[i]];
    a.re[i] = ar * br - ai * bi;
    a.im[i] = ar * bi + ai * br;
  }
  fourier.backward(a.re, a.im);
  return Float32Array.from({ length }, (_, i) => (a.re[i] ?? 0) / size);
}
