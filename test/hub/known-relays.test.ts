import { describe, expect, test } from "bun:test";
import { KnownRelays } from "../../src/hub/known-relays.ts";
import type { Seat } from "../../src/hub/seat.ts";
import { SILENT_VOICE } from "./silent-house.ts";

const HOUR_MS = 3_600_000;
const seated = (...ids: readonly string[]): ReadonlyMap<string, Seat> =>
  new Map(
    ids.map((id, connection) => [
      id,
      {
        ...{ id, connection, kind: "relay", address: undefined, software: "test", sinceMs: 0 },
        ...{ voice: SILENT_VOICE, stream: undefined },
      },
    ]),
  );
const NOBODY: ReadonlySet<string> = new Set();

describe("a relay that was here", () => {
  test("is known when it is gone, since when, and not away any more when it comes again", () => {
    const known = new KnownRelays(0);
    known.follow(seated("kitchen", "attic"), 100);
    expect(known.absent(NOBODY, 200)).toEqual([]);
    known.follow(seated("attic"), 300);
    const gone = { id: "kitchen", kind: "relay", software: "test", sinceMs: 300, seen: true } as const;
    expect(known.absent(NOBODY, 400)).toEqual([gone]);
    known.follow(seated("attic"), 500);
    expect(known.absent(new Set(["kitchen"]), 600)).toEqual([gone]);
    known.follow(seated("attic", "kitchen"), 700);
    expect(known.absent(new Set(["kitchen"]), 800)).toEqual([]);
  });

  test("is forgotten after a day when nobody expects it; one that is expected never is", () => {
    const known = new KnownRelays(0);
    known.follow(seated("guest", "kitchen"), 0);
    known.follow(seated(), 0);
    const ids = (nowMs: number) => known.absent(new Set(["kitchen"]), nowMs).map(({ id }) => id);
    expect(ids(24 * HOUR_MS - 1)).toEqual(["kitchen", "guest"]);
    expect(ids(24 * HOUR_MS)).toEqual(["kitchen"]);
    expect(ids(900 * HOUR_MS)).toEqual(["kitchen"]);
  });

  test("of many that nobody expects is one of the 20 that left last, or forgotten", () => {
    const known = new KnownRelays(0);
    for (let i = 0; i < 500; i++) {
      known.follow(seated(`guest ${i}`), 2 * i);
      known.follow(seated(), 2 * i + 1);
    }
    const ids = known.absent(NOBODY, 1000).map(({ id }) => id);
    expect(ids).toEqual(Array.from({ length: 20 }, (_, index) => `guest ${499 - index}`));
  });
});

test("a relay that is expected and never came is away since the hub began", () => {
  const known = new KnownRelays(5000);
  known.follow(seated("attic"), 6000);
  expect(known.absent(new Set(["kitchen", "attic"]), 7000)).toEqual([
    { id: "kitchen", kind: "relay", software: "", sinceMs: 5000, seen: false },
  ]);
});
