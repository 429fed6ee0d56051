// Houses with rooms, doors, and relays that stay where they are. Metres; x and y along the floor, z up.
import type { Random } from "../accuracy/seeded.ts";

export type Point = readonly [x: number, y: number, z: number];

/** The share of energy that each of two halves of the spectrum keeps at a reflection: below and above 1.5 kHz. */
export interface Surface {
  readonly low: number;
  readonly high: number;
}

export interface Room {
  readonly origin: Point;
  readonly size: Point;
  /** At x = 0, x = end, y = 0, y = end, the floor and the ceiling. */
  readonly surfaces: readonly [Surface, Surface, Surface, Surface, Surface, Surface];
  /** Until sound has fallen by 60 dB, s. */
  readonly decayLowS: number;
  readonly decayHighS: number;
  /** Of the noise that is everywhere in it, dB of full scale. */
  readonly noiseDb: number;
}

export interface Door {
  readonly rooms: readonly [number, number];
  readonly middle: Point;
  readonly open: boolean;
}

export interface Relay {
  readonly room: number;
  readonly at: Point;
  /** How much more than the room's noise it hears, dB: noise is not the same everywhere, and one in five stands beside a fan. */
  readonly noiseDb: number;
  /**
   * How much louder than elsewhere the late sound of the room is here, dB, in every word: furniture and uneven walls, assumed;
   * near walls make 0.1-0.2 dB of it (Waterhouse, 1955). What waves of a diffuse field make (Schroeder) is another in every word.
   */
  readonly lateDb: number;
  /** The microphone's gain where gains are 1 dB apart; a standard normal number. */
  readonly gain: number;
}

export interface House {
  readonly rooms: readonly Room[];
  readonly doors: readonly Door[];
  readonly relays: readonly Relay[];
  /** Where people like to be, in every room. */
  readonly chairs: readonly (readonly Point[])[];
}

export type HouseKind = "one room" | "several rooms";

export const MOST_RELAYS = 5;
const SPEED_OF_SOUND = 343;
const RELAYS_APART_M = 1.5;
const OPEN_SHARE = 0.5;

export function between(random: Random, low: number, high: number): number {
  return low + (high - low) * random();
}

export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

export function distance(a: Point, b: Point): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

function makeRoom(random: Random, origin: Point, width: number, depth: number): Room {
  const size: Point = [width, depth, 2.4 + 0.6 * random()];
  const [volume, surface] = [width * depth * size[2], 2 * (width * depth + (width + depth) * size[2])];
  const wantedS = between(random, 0.3, 0.8);
  const highShare = between(random, 0.6, 0.95);
  // Eyring: a share of 1 - exp(-0.161 V / S T) of the energy is lost at each reflection. Some surfaces take more than others.
  const lost = (seconds: number): number => 1 - Math.exp((-0.161 * volume) / (surface * seconds));
  const wall = (): Surface => {
    const factor = Math.exp(0.4 * normal(random));
    const kept = (seconds: number): number => 1 - Math.min(0.9, lost(seconds) * factor);
    return { low: kept(wantedS), high: kept(wantedS * highShare) };
  };
  const surfaces: Room["surfaces"] = [wall(), wall(), wall(), wall(), wall(), wall()];
  const areas = [depth * size[2], depth * size[2], width * size[2], width * size[2], width * depth, width * depth];
  const decay = (of: (wall: Surface) => number): number => {
    const mean = surfaces.reduce((sum, wall, i) => sum + of(wall) * (areas[i] ?? 0), 0) / surface;
    return (-0.161 * volume) / (surface * Math.log(mean));
  };
  const noiseDb = between(random, -68, -53);
  return { origin, size, surfaces, decayLowS: decay((w) => w.low), decayHighS: decay((w) => w.high), noiseDb };
}

/** Somewhere in a room, at least so far from its walls. */
export function placeIn({ origin, size }: Room, random: Random, marginM: number, lowM: number, highM: number): Point {
  return [
    origin[0] + between(random, marginM, size[0] - marginM),
    origin[1] + between(random, marginM, size[1] - marginM),
    origin[2] + between(random, lowM, highM),
  ];
}

/** On furniture along a wall. */
function relayPlace(room: Room, random: Random): Point {
  const [x, y, z] = placeIn(room, random, 0.3, 0.6, 1.5);
  const fromWall = between(random, 0.15, 0.6);
  const { origin, size } = room;
  switch (Math.floor(random() * 4)) {
    case 0:
      return [origin[0] + fromWall, y, z];
    case 1:
      return [origin[0] + size[0] - fromWall, y, z];
    case 2:
      return [x, origin[1] + fromWall, z];
    default:
      return [x, origin[1] + size[1] - fromWall, z];
  }
}

function makeRelay(room: Room, index: number, random: Random): Relay {
  return {
    room: index,
    at: relayPlace(room, random),
    noiseDb: 2 * normal(random) + (random() < 0.2 ? between(random, 2, 10) : 0),
    lateDb: 0.5 * normal(random),
    gain: normal(random),
  };
}

/** One room with five relays, or five rooms in two rows with a relay in each. */
export function makeHouse(kind: HouseKind, random: Random): House {
  const plan =
    kind === "one room"
      ? { rooms: [makeRoom(random, [0, 0, 0], between(random, 4, 9), between(random, 3, 6))], doors: [] }
      : makePlan(random);
  const chairs = plan.rooms.map((room) => [placeIn(room, random, 0.6, 1, 1.3), placeIn(room, random, 0.6, 1, 1.3)]);
  const relays: Relay[] = [];
  while (relays.length < MOST_RELAYS) {
    const index = kind === "one room" ? 0 : relays.length;
    const room = plan.rooms[index];
    if (!room) break;
    // Five relays 1.5 m apart fit into every room; a bad beginning is thrown away.
    let tries = 0;
    for (; tries < 200; tries++) {
      const relay = makeRelay(room, index, random);
      if (relays.some((other) => distance(other.at, relay.at) < RELAYS_APART_M)) continue;
      relays.push(relay);
      break;
    }
    if (tries === 200) relays.length = 0;
  }
  return { ...plan, chairs, relays };
}

/** Two rows of rooms. Neighbours have a door between them, which is open or closed. */
function makePlan(random: Random): Pick<House, "rooms" | "doors"> {
  const widths = [between(random, 3, 6), between(random, 3, 6), between(random, 3, 5)];
  const [near, far] = [between(random, 3, 5), between(random, 3, 5)];
  const total = widths.reduce((sum, width) => sum + width, 0);
  const split = total * between(random, 0.4, 0.6);
  const [a = 0, b = 0, c = 0] = widths;
  const rooms = [
    makeRoom(random, [0, 0, 0], a, near),
    makeRoom(random, [a, 0, 0], b, near),
    makeRoom(random, [0, near, 0], split, far),
    makeRoom(random, [split, near, 0], total - split, far),
    makeRoom(random, [a + b, 0, 0], c, near),
  ];
  const doors: Door[] = [];
  const across = (one: number, other: number, x: number, depth: number, from: number): void => {
    doors.push({
      rooms: [one, other],
      middle: [x, from + between(random, 0.2, 0.8) * depth, 1],
      open: random() < OPEN_SHARE,
    });
  };
  across(0, 1, a, near, 0);
  across(1, 4, a + b, near, 0);
  across(2, 3, split, far, near);
  for (const upper of [0, 1, 4]) {
    for (const lower of [2, 3]) {
      const [above, below] = [rooms[upper], rooms[lower]];
      if (!above || !below) continue;
      const low = Math.max(above.origin[0], below.origin[0]);
      const high = Math.min(above.origin[0] + above.size[0], below.origin[0] + below.size[0]);
      if (high - low < 1.2) continue;
      const x = between(random, low + 0.5, high - 0.5);
      doors.push({ rooms: [upper, lower], middle: [x, near, 1], open: random() < OPEN_SHARE });
    }
  }
  return { rooms, doors };
}

/** Ways of sound from a room to another through at most two doors, each door in the order it is gone through. */
export function waysBetween({ doors }: Pick<House, "doors">, from: number, to: number): readonly (readonly Door[])[] {
  if (from === to) return [[]];
  const ways: Door[][] = [];
  for (const first of doors) {
    const behind = otherSide(first, from);
    if (behind === undefined) continue;
    if (behind === to) ways.push([first]);
    for (const second of doors) {
      if (second !== first && otherSide(second, behind) === to && behind !== from) ways.push([first, second]);
    }
  }
  return ways;
}

export function otherSide({ rooms: [one, other] }: Door, from: number): number | undefined {
  if (one === from) return other;
  return other === from ? one : undefined;
}

/** How far a person has to walk to a relay, m; Infinity where it is more than two doors away. */
export function walk(house: House, room: number, at: Point, relay: Relay): number {
  const lengths = waysBetween(house, room, relay.room).map((doors) => {
    const stops = [at, ...doors.map(({ middle }) => middle), relay.at];
    return stops.slice(1).reduce((sum, stop, i) => sum + distance(stops[i] ?? stop, stop), 0);
  });
  return Math.min(Number.POSITIVE_INFINITY, ...lengths);
}

/** Energy of late sound for each second, against that of the direct sound at 1 m, when sound has just spread in the room. */
export function diffuseEnergy({ size }: Room): number {
  return (4 * Math.PI * SPEED_OF_SOUND) / (size[0] * size[1] * size[2]);
}
