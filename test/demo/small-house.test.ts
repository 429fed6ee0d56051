import { describe, expect, test } from "bun:test";
import { rmsOf } from "../../src/arbitration/measure.ts";
import { heardAt } from "../../src/demo/room-sound.ts";
import { answerTo, grammar, SENTENCES } from "../../src/demo/sentences.ts";
import { type DemoRoom, ROOMS, roomAt, wallsBetween } from "../../src/demo/small-house.ts";

const KITCHEN = { x: 1.5, y: 1.5 };
const STUDY = { x: 10, y: 1 };
const EQUAL = ROOMS.map((room) => ({ ...room, gainDb: 0 }));

function chance(): () => number {
  let state = 7;
  return () => {
    state = (state * 16_807) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

function levelsDb(spot: { readonly x: number; readonly y: number }, rooms: readonly DemoRoom[]): number[] {
  const voice = Float32Array.from({ length: 8000 }, (_, i) => 0.1 * Math.sin(i / 3));
  const random = chance();
  return rooms.map((room) => {
    const heard = Int16Array.from(heardAt(voice, spot, room, random), (sample) => sample * 32_767);
    return 20 * Math.log10(rmsOf(heard));
  });
}

describe("the demo's house", () => {
  test("has a relay in each of its rooms, and doors between them", () => {
    for (const room of ROOMS) expect(roomAt(room.microphone)).toBe(room);
    expect(wallsBetween(KITCHEN, STUDY)).toBe(2);
    expect(() => roomAt({ x: 40, y: 0 })).toThrow("12 m");
  });

  test("is loudest in the room in which somebody speaks, and quieter with every door", () => {
    const [kitchen = 0, living = 0, study = 0] = levelsDb(KITCHEN, EQUAL);
    expect(kitchen - living).toBeWithin(8, 40);
    expect(living - study).toBeWithin(3, 40);
  });

  test("has a microphone that is 6 dB too loud", () => {
    const [, , equal = 0] = levelsDb(STUDY, EQUAL);
    const [, , loud = 0] = levelsDb(STUDY, ROOMS);
    expect(loud - equal).toBeCloseTo(6, 1);
  });
});

describe("its sentences", () => {
  const noon = new Date(2026, 0, 1, 12, 5);

  test("are all that the recogniser expects, and each has an answer of its own", () => {
    for (const { said } of SENTENCES) expect(grammar()).toContain(said);
    const commands = SENTENCES.map(({ said }) => answerTo(`alexa ${said}`, "Kitchen", noon).command);
    expect(new Set(commands).size).toBe(SENTENCES.length);
  });

  test("are answered with the room and the time", () => {
    expect(answerTo("turn on the light", "Kitchen", noon).text).toBe("The light in the kitchen is on.");
    expect(answerTo("what time is it", "Study", noon).text).toBe("It is 12 oh 5.");
    expect(answerTo("mumble", "Study", noon)).toMatchObject({ command: "" });
  });
});
