// What is said in one house, and what its relays report of it.
import type { Engine } from "../../src/wake/engine.ts";
import { seededRandom } from "../accuracy/seeded.ts";
import { type HouseKind, makeHouse } from "./house.ts";
import { type Material, Rendering } from "./rendering.ts";
import { calibrationOf, type Round, roundOf } from "./reports.ts";
import { calibrateIn, speakIn } from "./speaking.ts";
import type { HouseRounds } from "./trial.ts";

/** Words to learn from, and words to be judged by. Relays of several rooms share fewer of them, so there are more. */
const WORDS = {
  "one room": { learning: 14, test: 12 },
  "several rooms": { learning: 30, test: 12 },
} as const satisfies Record<HouseKind, { readonly learning: number; readonly test: number }>;

export interface Cast {
  readonly seed: number;
  readonly engine: Engine;
  readonly voices: readonly Float32Array[];
  readonly material: Material;
}

/** @param index which of all houses of the seed */
export async function playHouse(
  kind: HouseKind,
  index: number,
  { seed, engine, voices, material }: Cast,
): Promise<HouseRounds> {
  const random = seededRandom(seed, `${kind} ${index}`);
  const house = makeHouse(kind, random);
  const rendering = new Rendering(house, material, random);
  // Rooms of the first relays more often: with two relays, too, there must be words to learn from and to judge by.
  const someRoom = (): number => Math.floor(house.rooms.length * random() ** 1.5);
  const say = (chairs: boolean): Promise<Round> =>
    roundOf(house, speakIn(house, someRoom(), voices, chairs, random), rendering, engine, random);
  const words = WORDS[kind];
  const learning: Round[] = [];
  while (learning.length < words.learning) learning.push(await say(true));
  const test: Round[] = [];
  while (test.length < words.test) test.push(await say(false));
  const calibration = house.rooms.map((_, room) => calibrationOf(house, calibrateIn(house, room, random), rendering));
  return { house, kind, learning, calibration, test };
}
