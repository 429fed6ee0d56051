// Impulse responses of rooms: images of the source for the early sound, and behind them noise that dies away for the late
// one, as loud wherever one stands in the room but another noise at every place.
import type { Random } from "../accuracy/seeded.ts";
import { diffuseEnergy, type Point, type Room } from "./house.ts";

export const RATE_HZ = 16_000;
const SPEED_OF_SOUND = 343;
/** Up to here every image counts (17 m); behind it there are too many to tell one from the other. */
const EARLY_S = 0.05;
const MOST_S = 0.9;

/** What is heard of an impulse below and above 1.5 kHz. */
export interface Impulse {
  readonly low: Float64Array;
  readonly high: Float64Array;
}

export interface Source {
  readonly at: Point;
  /** Where it looks, a unit vector; undefined sounds alike in all directions. */
  readonly facing: Point | undefined;
}

/** Amplitude against the mean of the direction it faces: 1 + cos, weighed. Behind a head it is 3 dB quieter below 1.5 kHz, 8 above. */
const HEAD_LOW = [0.85, 0.15] as const;
const HEAD_HIGH = [0.7, 0.3] as const;

/** Normal numbers, used again and again from other places on. */
export interface NormalNumbers {
  readonly values: Float32Array;
}

export function impulseBetween(
  room: Room,
  { at, facing }: Source,
  receiver: Point,
  lateDb: number,
  normals: NormalNumbers,
  random: Random,
): Impulse {
  const lengthS = Math.min(MOST_S, Math.max(room.decayLowS, room.decayHighS, 0.2));
  const samples = Math.ceil(lengthS * RATE_HZ);
  const impulse = { low: new Float64Array(samples), high: new Float64Array(samples) };
  addImages(impulse, room, { at, facing }, receiver);
  addLate(impulse, room, facing !== undefined, 10 ** (lateDb / 20), normals, random);
  return impulse;
}

function addImages(
  { low, high }: Impulse,
  { origin, size, surfaces }: Room,
  { at, facing }: Source,
  receiver: Point,
): void {
  const reach = EARLY_S * SPEED_OF_SOUND;
  const s = at.map((value, axis) => value - (origin[axis] ?? 0));
  const r = receiver.map((value, axis) => value - (origin[axis] ?? 0));
  // Allen and Berkley (1979): along each axis images lie at (1 - 2p) s + 2 n size, having met the two walls |n - p| and |n| times.
  const axes = [0, 1, 2].map((axis) => {
    const [length, one, other] = [size[axis] ?? 1, surfaces[2 * axis], surfaces[2 * axis + 1]];
    const images: { d: number; mirrored: boolean; low: number; high: number }[] = [];
    const most = Math.ceil(reach / (2 * length)) + 1;
    for (let n = -most; n <= most; n++) {
      for (let p = 0; p <= 1; p++) {
        const d = (r[axis] ?? 0) - ((1 - 2 * p) * (s[axis] ?? 0) + 2 * n * length);
        if (Math.abs(d) > reach) continue;
        const [near, far] = [Math.abs(n - p), Math.abs(n)];
        images.push({
          d,
          mirrored: p === 1,
          low: Math.sqrt((one?.low ?? 0) ** near * (other?.low ?? 0) ** far),
          high: Math.sqrt((one?.high ?? 0) ** near * (other?.high ?? 0) ** far),
        });
      }
    }
    return images;
  });
  const [xs, ys, zs] = axes;
  for (const x of xs ?? []) {
    for (const y of ys ?? []) {
      const flat = x.d * x.d + y.d * y.d;
      if (flat > reach * reach) continue;
      for (const z of zs ?? []) {
        const far = Math.sqrt(flat + z.d * z.d);
        if (far > reach) continue;
        const nearer = Math.max(far, 0.1);
        let cosine = 0;
        if (facing) {
          const toward = (axis: 0 | 1 | 2, { d, mirrored }: { d: number; mirrored: boolean }) =>
            facing[axis] * (mirrored ? -d : d);
          cosine = (toward(0, x) + toward(1, y) + toward(2, z)) / nearer;
        }
        const sample = Math.round((far / SPEED_OF_SOUND) * RATE_HZ);
        const lowHead = facing ? HEAD_LOW[0] + HEAD_LOW[1] * cosine : 1;
        const highHead = facing ? HEAD_HIGH[0] + HEAD_HIGH[1] * cosine : 1;
        low[sample] = (low[sample] ?? 0) + (x.low * y.low * z.low * lowHead) / nearer;
        high[sample] = (high[sample] ?? 0) + (x.high * y.high * z.high * highHead) / nearer;
      }
    }
  }
}

function addLate(
  { low, high }: Impulse,
  room: Room,
  head: boolean,
  factor: number,
  { values }: NormalNumbers,
  random: Random,
): void {
  const perSample = diffuseEnergy(room) / RATE_HZ;
  const power = ([mean, slope]: readonly [number, number]): number => (head ? mean * mean + (slope * slope) / 3 : 1);
  const begin = Math.round(EARLY_S * RATE_HZ);
  const add = (into: Float64Array, decayS: number, energy: number): void => {
    // 13.8 is the natural logarithm of a million: 60 dB of energy.
    const fall = Math.exp(-13.8155 / (2 * decayS * RATE_HZ));
    let amplitude = factor * Math.sqrt(perSample * energy) * fall ** begin;
    let at = Math.floor(random() * (values.length - into.length));
    for (let i = begin; i < into.length; i++) {
      into[i] = (into[i] ?? 0) + amplitude * (values[at++] ?? 0);
      amplitude *= fall;
    }
  };
  add(low, room.decayLowS, power(HEAD_LOW));
  add(high, room.decayHighS, power(HEAD_HIGH));
}
