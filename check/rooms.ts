/** Minutes of rooms to listen in: one in which everything happens, and ones with nothing but noise, music or speech. */
import { amplitude, levelsOf } from "../bench/accuracy/mixing.ts";
import { pinkNoise } from "../bench/accuracy/noise.ts";
import type { Random } from "../bench/accuracy/seeded.ts";
import type { Sounds } from "./sounds.ts";

const RATE_HZ = 16_000;
const FULL_SCALE = 32_768;
/** A piece that does not begin or end by itself takes so long to. */
const FADE_SAMPLES = 160;
const LOUDEST_DB = -12;

/** The noise of a room, dB of full scale; below the lowest there is digital silence. */
const ROOM_DB: readonly [number, number] = [-85, -45];
const SILENT_BELOW_DB = -80;
const PINK_SHARE = 0.3;
/** How far what happens in it stands out. */
const ABOVE_ROOM_DB: readonly [number, number] = [10, 45];
const SCENE_SECONDS: readonly [number, number] = [20, 90];
/** The mean of pauses, which are longer than a gate stays open now and then. */
const PAUSE_SECONDS = 4;
const MOST_PAUSE_SECONDS = 15;

export const ROOMS = ["noise", "music", "speech"] as const;
export type Room = (typeof ROOMS)[number];

function between([least, most]: readonly [number, number], random: Random): number {
  return least + random() * (most - least);
}

/** Speech, wake words, music and noise at all levels over rooms of all levels, with pauses in which a gate closes. */
export async function livelyRoom(sounds: Sounds, seconds: number, random: Random): Promise<Int16Array> {
  const mixed = new Float32Array(Math.round(seconds * RATE_HZ));
  for (let at = 0; at < mixed.length; ) {
    const roomDb = between(ROOM_DB, random);
    const scene = mixed.subarray(at, at + Math.round(between(SCENE_SECONDS, random) * RATE_HZ));
    if (roomDb > SILENT_BELOW_DB) add(scene, stillness(scene.length, random), amplitude(roomDb), 0);
    for (let begin = pause(random); begin < scene.length; begin += pause(random)) {
      const piece = await something(sounds, random);
      const levelDb = Math.min(LOUDEST_DB, roomDb + between(ABOVE_ROOM_DB, random));
      add(scene, piece, amplitude(levelDb), begin);
      begin += piece.length;
    }
    at += scene.length;
  }
  return samplesOf(mixed);
}

/** The noise of a room, with an RMS of 1. The level of pink noise wavers so much that a gate hardly closes over it. */
function stillness(samples: number, random: Random): Float32Array {
  return random() < PINK_SHARE ? pinkNoise(samples, random) : whiteNoise(samples, random);
}

function whiteNoise(samples: number, random: Random): Float32Array {
  return new Float32Array(samples).map(() => (2 * random() - 1) * Math.sqrt(3));
}

/** What happens next, with an RMS of about 1. */
async function something(sounds: Sounds, random: Random): Promise<Float32Array> {
  const kind = random();
  if (kind < 0.4) return levelled(await sounds.speech(random));
  if (kind < 0.65) return levelled(await sounds.word(random));
  if (kind < 0.85) return levelled(await sounds.music(1 + 8 * random(), random));
  return pinkNoise(Math.round((0.5 + 6 * random()) * RATE_HZ), random);
}

/** Samples of a pause: none, or mostly short. */
function pause(random: Random): number {
  if (random() < 0.2) return 0;
  return Math.round(Math.min(MOST_PAUSE_SECONDS, -PAUSE_SECONDS * Math.log(1 - random())) * RATE_HZ);
}

/** Nothing but one kind of sound, in pieces at other levels with hardly a pause. */
export async function plainRoom(room: Room, sounds: Sounds, seconds: number, random: Random): Promise<Int16Array> {
  const mixed = pinkNoise(Math.round(seconds * RATE_HZ), random).map((sample) => sample * amplitude(-70));
  for (let at = 0; at < mixed.length; ) {
    const piece = await pieceOf(room, sounds, random);
    add(mixed, piece, amplitude(between([-50, -15], random)), at);
    at += piece.length + Math.round(0.5 * random() * RATE_HZ);
  }
  return samplesOf(mixed);
}

async function pieceOf(room: Room, sounds: Sounds, random: Random): Promise<Float32Array> {
  switch (room) {
    case "noise": {
      const samples = Math.round((1 + 9 * random()) * RATE_HZ);
      return random() < 0.5 ? pinkNoise(samples, random) : whiteNoise(samples, random);
    }
    case "music":
      return levelled(await sounds.music(5 + 20 * random(), random));
    case "speech":
      return levelled(await sounds.speech(random));
  }
}

function levelled(pcm: Int16Array): Float32Array {
  const gain = amplitude(-levelsOf(pcm).speechDb) / FULL_SCALE;
  return Float32Array.from(pcm, (sample) => sample * gain);
}

function add(into: Float32Array, piece: Float32Array, gain: number, begin: number): void {
  const end = Math.min(piece.length, into.length - begin);
  for (let i = 0; i < end; i++) {
    const fade = Math.min(1, (i + 1) / FADE_SAMPLES, (piece.length - i) / FADE_SAMPLES);
    into[begin + i] = (into[begin + i] ?? 0) + fade * gain * (piece[i] ?? 0);
  }
}

function samplesOf(mixed: Float32Array): Int16Array {
  return Int16Array.from(mixed, (sample) => {
    return Math.max(-FULL_SCALE, Math.min(FULL_SCALE - 1, Math.round(sample * FULL_SCALE)));
  });
}
