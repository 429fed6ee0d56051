import { expect, test } from "bun:test";
import { ownTrouble } from "../../src/web/own-troubles.ts";

test("nothing is told of a file with which nothing is wrong", () => {
  expect(ownTrouble("gains_file", undefined)).toEqual([]);
});

test("what is wrong with a file is told, with what it means and what is to be done", () => {
  expect(ownTrouble("gains_file", "the disk is full")).toEqual([{ code: "gains_file", message: "the disk is full" }]);
  expect(ownTrouble("state_file", "the disk is full")).toEqual([
    { code: "state_file", message: "the state cannot be written: the disk is full" },
  ]);
  expect(ownTrouble("token_file", "it is no JSON")).toEqual([
    {
      code: "token_file",
      message: "the tokens of relays are refused: it is no JSON",
      hint: "it is read again by itself; until then only tokens that were known before let a relay in",
    },
  ]);
});
