// What every relay of a house hears when somebody says a word: the voice through room and doors, with the noise that is there.

import { Fourier } from "../../src/arbitration/fourier.ts";
import { pinkNoise } from "../accuracy/noise.ts";
import { type Random, seededRandom } from "../accuracy/seeded.ts";
import { type Door, type House, normal, otherSide, type Point, type Relay, waysBetween } from "./house.ts";
import { type Impulse, impulseBetween, type NormalNumbers, RATE_HZ, type Source } from "./impulse.ts";

/** A word and its sound in every room it reaches fit into it: 2 s. */
const SIZE = 32_768;
/** Noise before the word: what floors are measured in. */
export const LEAD_SAMPLES = RATE_HZ;
const BEHIND_SAMPLES = 0.7 * RATE_HZ;
/** Where the two halves of the spectrum meet, Hz. */
const SPLIT_HZ = [1200, 1800] as const;
/**
 * Amplitude that goes through a door of 1.6 m², against a source that sounds alike in all directions where the door is;
 * so that an open one lets 9 dB less into the next room than there is in the first.
 */
const OPEN_DOOR = { low: 0.2, high: 0.2 };
/** A closed one takes another 15 dB below 1.5 kHz, and 22 dB above. */
const CLOSED_DOOR = { low: 0.2 * 10 ** (-15 / 20), high: 0.2 * 10 ** (-22 / 20) };
/** Of the microphone itself, dB of full scale. */
const OWN_NOISE_DB = -75;
const NOISE_SECONDS = 60;

interface Spectrum {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

export interface Spoken {
  readonly room: number;
  readonly at: Point;
  /** Where the mouth looks, a unit vector; undefined for what sounds alike in all directions. */
  readonly facing: Point | undefined;
  /** Samples of the dry word; 1 is full scale at 1 m in front of the mouth. */
  readonly voice: Float32Array;
}

/** What one relay hears of a word before its gain, 1 is full scale: {@link LEAD_SAMPLES} of noise, the word, and what follows. */
export interface HeardSound {
  readonly sound: Float32Array;
  /** Whether anything of the word can be heard at all. */
  readonly inEarshot: boolean;
}

/** Renders for one house after the other; what does not change in a house is computed once. */
export class Rendering {
  readonly #house: House;
  readonly #material: Material;
  readonly #random: Random;
  /** From a door to a relay or to another door, by their places. */
  readonly #fixed = new Map<string, Spectrum>();

  constructor(house: House, material: Material, random: Random) {
    this.#house = house;
    this.#material = material;
    this.#random = random;
  }

  render({ room, at, facing, voice }: Spoken): readonly HeardSound[] {
    const { fourier } = this.#material;
    const spoken = { re: new Float64Array(SIZE), im: new Float64Array(SIZE) };
    spoken.re.set(voice);
    fourier.forward(spoken.re, spoken.im);
    const toDoors = new Map<Door, Spectrum>();
    const source = { at, facing };
    const answers = this.#house.relays.map((relay) => this.#answer(source, room, relay, toDoors));
    const length = LEAD_SAMPLES + voice.length + BEHIND_SAMPLES;
    const sounds = this.#house.relays.map((relay) => this.#noiseAt(relay, length));
    for (let i = 0; i < answers.length; i += 2) {
      this.#convolve(spoken, answers[i], answers[i + 1], sounds[i], sounds[i + 1]);
    }
    return sounds.map((sound, i) => ({ sound, inEarshot: answers[i] !== undefined }));
  }

  /** The response from the mouth to a relay, over every way through the doors; undefined where there is none. */
  #answer(source: Source, room: number, relay: Relay, toDoors: Map<Door, Spectrum>): Spectrum | undefined {
    const ways = waysBetween(this.#house, room, relay.room);
    let sum: Spectrum | undefined;
    for (const way of ways) {
      const [first, second] = way;
      let answer: Spectrum;
      if (!first) answer = this.#response(room, source, relay.at, relay.lateDb);
      else {
        const toDoor = toDoors.get(first) ?? this.#response(room, source, first.middle, 0);
        toDoors.set(first, toDoor);
        const last = second ?? first;
        const behind = this.#throughDoor(last, relay.room, relay.at, relay.lateDb);
        const between = otherSide(first, room);
        answer =
          second && between !== undefined
            ? product(product(toDoor, this.#throughDoor(first, between, second.middle, 0)), behind)
            : product(toDoor, behind);
      }
      sum = sum ? added(sum, answer) : answer;
    }
    return sum;
  }

  #throughDoor(door: Door, into: number, to: Point, lateDb: number): Spectrum {
    const key = `${door.middle} ${into} ${to}`;
    const known = this.#fixed.get(key);
    if (known) return known;
    const { low, high } = door.open ? OPEN_DOOR : CLOSED_DOOR;
    const made = this.#response(into, { at: door.middle, facing: undefined }, to, lateDb, low, high);
    this.#fixed.set(key, made);
    return made;
  }

  #response(index: number, source: Source, to: Point, lateDb: number, low = 1, high = 1): Spectrum {
    const room = this.#house.rooms[index];
    if (!room) throw new Error(`there is no room ${index}`);
    const impulse = impulseBetween(room, source, to, lateDb, this.#material.normals, this.#random);
    return this.#material.spectrumOf(impulse, low, high);
  }

  #noiseAt(relay: Relay, length: number): Float32Array {
    const { pink, normals } = this.#material;
    const level = 10 ** (((this.#house.rooms[relay.room]?.noiseDb ?? OWN_NOISE_DB) + relay.noiseDb) / 20);
    const own = 10 ** (OWN_NOISE_DB / 20);
    const sound = new Float32Array(length);
    let at = Math.floor(this.#random() * (pink.length - length));
    let ownAt = Math.floor(this.#random() * (normals.values.length - length));
    for (let i = 0; i < length; i++) sound[i] = level * (pink[at++] ?? 0) + own * (normals.values[ownAt++] ?? 0);
    return sound;
  }

  /** Two real signals in one transform: the second is the imaginary part. */
  #convolve(
    voice: Spectrum,
    one: Spectrum | undefined,
    other: Spectrum | undefined,
    into: Float32Array | undefined,
    intoOther: Float32Array | undefined,
  ): void {
    if (!one && !other) return;
    const [re, im] = [new Float64Array(SIZE), new Float64Array(SIZE)];
    for (const [answer, turned] of [
      [one, false],
      [other, true],
    ] as const) {
      if (!answer) continue;
      for (let k = 0; k <= SIZE / 2; k++) {
        const [a, b] = [voice.re[k] ?? 0, voice.im[k] ?? 0];
        const [c, d] = [answer.re[k] ?? 0, answer.im[k] ?? 0];
        const [x, y] = [a * c - b * d, a * d + b * c];
        const mirrored = (SIZE - k) & (SIZE - 1);
        if (turned) {
          re[k] = (re[k] ?? 0) - y;
          im[k] = (im[k] ?? 0) + x;
          if (mirrored !== k) {
            re[mirrored] = (re[mirrored] ?? 0) + y;
            im[mirrored] = (im[mirrored] ?? 0) + x;
          }
        } else {
          re[k] = (re[k] ?? 0) + x;
          im[k] = (im[k] ?? 0) + y;
          if (mirrored !== k) {
            re[mirrored] = (re[mirrored] ?? 0) + x;
            im[mirrored] = (im[mirrored] ?? 0) - y;
          }
        }
      }
    }
    this.#material.fourier.backward(re, im);
    for (const [sound, heard] of [
      [into, re],
      [intoOther, im],
    ] as const) {
      if (!sound) continue;
      const most = Math.min(sound.length - LEAD_SAMPLES, SIZE);
      for (let i = 0; i < most; i++) sound[LEAD_SAMPLES + i] = (sound[LEAD_SAMPLES + i] ?? 0) + (heard[i] ?? 0) / SIZE;
    }
  }
}

/** What all houses share. */
export class Material {
  readonly fourier = new Fourier(SIZE);
  readonly normals: NormalNumbers;
  /** One minute with a root mean square of 1. */
  readonly pink: Float32Array;
  readonly #high: Float64Array;

  constructor(seed: number) {
    const random = seededRandom(seed, "material");
    this.normals = { values: Float32Array.from({ length: 2 ** 20 }, () => normal(random)) };
    const pink = pinkNoise(NOISE_SECONDS * RATE_HZ, random);
    const rms = Math.sqrt(pink.reduce((sum, x) => sum + x * x, 0) / pink.length);
    this.pink = pink.map((x) => x / rms);
    this.#high = Float64Array.from({ length: SIZE / 2 + 1 }, (_, k) => {
      const share = ((k * RATE_HZ) / SIZE - SPLIT_HZ[0]) / (SPLIT_HZ[1] - SPLIT_HZ[0]);
      return Math.min(Math.max(share, 0), 1);
    });
  }

  /** Both halves of the spectrum in one transform, joined. */
  spectrumOf({ low, high }: Impulse, lowFactor: number, highFactor: number): Spectrum {
    const [re, im] = [new Float64Array(SIZE), new Float64Array(SIZE)];
    re.set(low);
    im.set(high);
    this.fourier.forward(re, im);
    const joined = { re: new Float64Array(SIZE / 2 + 1), im: new Float64Array(SIZE / 2 + 1) };
    for (let k = 0; k <= SIZE / 2; k++) {
      const mirrored = (SIZE - k) & (SIZE - 1);
      const [a, b] = [re[k] ?? 0, im[k] ?? 0];
      const [c, d] = [re[mirrored] ?? 0, im[mirrored] ?? 0];
      const share = this.#high[k] ?? 0;
      const [lows, highs] = [(lowFactor * (1 - share)) / 2, (highFactor * share) / 2];
      joined.re[k] = lows * (a + c) + highs * (b + d);
      joined.im[k] = lows * (b - d) + highs * (c - a);
    }
    return joined;
  }
}

function product(one: Spectrum, other: Spectrum): Spectrum {
  const length = SIZE / 2 + 1;
  const made = { re: new Float64Array(length), im: new Float64Array(length) };
  for (let k = 0; k < length; k++) {
    const [a, b, c, d] = [one.re[k] ?? 0, one.im[k] ?? 0, other.re[k] ?? 0, other.im[k] ?? 0];
    made.re[k] = a * c - b * d;
    made.im[k] = a * d + b * c;
  }
  return made;
}

function added(one: Spectrum, other: Spectrum): Spectrum {
  return { re: one.re.map((x, k) => x + (other.re[k] ?? 0)), im: one.im.map((x, k) => x + (other.im[k] ?? 0)) };
}
