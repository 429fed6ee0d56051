import { describe, expect, test } from "bun:test";
import { describeHouse, describeMembers, describeSatellite } from "../../public/satellite.ts";
import type { SatelliteView } from "../../src/web/schemas.ts";

const NOW_MS = 1_800_000_000_000;
const CONNECTED: SatelliteView = {
  hub: "hall:7171",
  page: "http://hall:7171/",
  connected: true,
  hubName: "hall",
  id: "kitchen",
  code: null,
  why: null,
  since: NOW_MS - 65_000,
  whileAway: "silent",
  audioOnly: false,
  house: {
    state: "awake",
    model: "hey_jarvis",
    relay: "attic",
    relays: [
      { id: "kitchen", room: "Kitchen", status: 3 },
      { id: "attic", room: null, status: 2 },
    ],
  },
};
const AWAY: SatelliteView = {
  ...CONNECTED,
  ...{ connected: false, hubName: null, id: null, code: "closed", why: "nothing answers", house: null },
};

describe("the page of a relay", () => {
  test("says of which hub it is one, and since when they are connected", () => {
    const { headline, connection, meanwhile } = describeSatellite(CONNECTED, NOW_MS);
    expect(headline).toBe("Relay kitchen of hall: hears wake words, and the hub decides who answers.");
    expect(connection).toMatchObject({ mood: "ok", word: expect.stringMatching(/^Connected for 1 min/) });
    expect(meanwhile).toBeNull();
  });

  test("says why the hub is away, and what becomes of a word", () => {
    expect(describeSatellite(AWAY, NOW_MS)).toMatchObject({
      connection: { mood: "bad", detail: "nothing answers" },
      meanwhile: "Meanwhile a wake word goes unnoticed.",
    });
    expect(describeSatellite({ ...AWAY, whileAway: "alone" }, NOW_MS)).toMatchObject({
      connection: { mood: "warn" },
      meanwhile: "Meanwhile it answers alone.",
    });
  });

  test("never says that one which only sends sound answers alone", () => {
    const away = describeSatellite({ ...AWAY, whileAway: "alone", audioOnly: true }, NOW_MS);
    expect(away.meanwhile).toBe("Meanwhile a wake word goes unnoticed.");
  });

  test("says what the house does, and who is in it", () => {
    expect(describeHouse(CONNECTED)).toBe("“hey jarvis” in attic: awake");
    expect(describeMembers(CONNECTED)).toEqual(["kitchen (Kitchen), this one: does not answer", "attic: answers"]);
    expect(describeHouse(AWAY)).toBeNull();
    expect(describeMembers(AWAY)).toEqual([]);
  });
});
