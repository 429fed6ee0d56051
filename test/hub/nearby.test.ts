import { expect, test } from "bun:test";
import { isNear } from "../../src/hub/nearby.ts";

const kitchen = { room: "Kitchen", zone: "house" };

test("relays of one room are near each other, those of two rooms are not", () => {
  expect(isNear(kitchen, { ...kitchen })).toBe(true);
  expect(isNear(kitchen, { room: "Hall", zone: "house" })).toBe(false);
});

test("a relay whose room is not known may be anywhere in its zone, and nowhere else", () => {
  const somewhere = { room: undefined, zone: "house" };
  expect([isNear(kitchen, somewhere), isNear(somewhere, kitchen)]).toEqual([true, true]);
  expect(isNear({ room: undefined, zone: "shed" }, somewhere)).toBe(false);
});
