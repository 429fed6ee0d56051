import { describe, expect, test } from "bun:test";
import { describeHouse, describeMembers, describeSatellite } from "../../public/satellite.ts";
import type { SatelliteView } from "../../src/web/schemas/satellite.ts";

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
      { id: "attic", room: null, status: 2, responding: false },
      { id: "hall", room: null, status: 0, responding: false },
      { id: "garage", room: "Shed", status: 0, responding: true },
      { id: "kitchen", room: "Kitchen", status: 3, responding: false },
      { id: "study", room: "study", status: 0, responding: false },
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
    expect(headline).toBe("As kitchen, this machine listens for wake words, and hall decides who answers.");
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

  test("says what the house does", () => {
    expect(describeHouse(CONNECTED)).toBe("“hey jarvis” in attic: wake word recognised.");
  });

  test("says who is in the house, itself and the hub first, and of nobody that he hears", () => {
    expect(describeMembers(CONNECTED, false)).toEqual([
      { id: "kitchen", place: "this machine", mood: "unknown", word: "Leaves it to attic" },
      { id: "hall", place: "the hub", mood: "ok", word: "Decides who answers" },
      { id: "attic", place: "", mood: "busy", word: "Answers" },
      { id: "garage", place: "Shed", mood: "busy", word: "Answering" },
      { id: "study", place: "", mood: "ok", word: "Connected" },
    ]);
  });

  test("says of itself that it does not listen", () => {
    expect(describeMembers(CONNECTED, true).map(({ word }) => word)).toEqual([
      ...["Not listening", "Decides who answers", "Answers", "Answering", "Connected"],
    ]);
  });

  test("says nothing of the house while the hub is away", () => {
    expect(describeHouse(AWAY)).toBeNull();
    expect(describeMembers(AWAY, false)).toEqual([]);
  });
});
