// Who says what where: people move about and look anywhere, and like some places better than others.
import type { Random } from "../accuracy/seeded.ts";
import { type House, normal, type Point, placeIn, type Room } from "./house.ts";
import type { Spoken } from "./rendering.ts";

/** Root mean square of what is said at 1 m in front of the mouth, dB of full scale, and how much it differs. */
const VOICE_DB = -28;
const VOICE_SPREAD_DB = 3;
/** How often somebody speaks from a favourite chair, and from the better one of two. */
const CHAIR_SHARE = 0.5;
const BETTER_CHAIR_SHARE = 0.6;
const CALIBRATION_DB = -18;
const CALIBRATION_SAMPLES = 0.6 * 16_000;

/** A word somewhere in a room. @param chairs whether favourite chairs are used, or every place alike */
export function speakIn(
  house: House,
  room: number,
  voices: readonly Float32Array[],
  chairs: boolean,
  random: Random,
): Spoken {
  const voice = voices[Math.floor(random() * voices.length)] ?? new Float32Array(0);
  const yaw = 2 * Math.PI * random();
  const level = 10 ** ((VOICE_DB + VOICE_SPREAD_DB * normal(random)) / 20);
  const [better, other] = house.chairs[room] ?? [];
  const chair = random() < BETTER_CHAIR_SHARE ? better : other;
  const at =
    chairs && chair && random() < CHAIR_SHARE
      ? beside(chair, random)
      : placeIn(roomOf(house, room), random, 0.4, 1, 1.75);
  return { room, at, facing: [Math.cos(yaw), Math.sin(yaw), 0], voice: voice.map((sample) => sample * level) };
}

/** A burst of noise from a telephone or a pair of hands in the middle of a room. */
export function calibrateIn(house: House, room: number, random: Random): Spoken {
  const { origin, size } = roomOf(house, room);
  const at: Point = [origin[0] + size[0] / 2, origin[1] + size[1] / 2, 1.2];
  const level = 10 ** (CALIBRATION_DB / 20);
  const voice = Float32Array.from({ length: CALIBRATION_SAMPLES }, () => level * normal(random));
  return { room, at: beside(at, random), facing: undefined, voice };
}

function beside([x, y, z]: Point, random: Random): Point {
  return [x + 0.15 * normal(random), y + 0.15 * normal(random), z];
}

function roomOf(house: House, index: number): Room {
  const room = house.rooms[index];
  if (!room) throw new Error(`there is no room ${index}`);
  return room;
}
