import { describe, expect, test } from "bun:test";
import { describePlace, describeRelay, hasChoice, lastPart, microphones, streamOf } from "../../public/house.ts";
import { claim, NOW_MS, relay, round, state, stream } from "./states.ts";

const before = { since: NOW_MS - 60_000 };

describe("describeRelay()", () => {
  test("shows a winner, who contends, and who leaves it to whom, whatever its stream does", () => {
    const waiting = stream(1, { state: "waiting" });
    const serving = round({ phase: "serving", ended: null });
    const words = [2, 1, 3].map((status) => describeRelay(relay("hall", { status }), waiting, true, [serving]));
    expect(words.map(({ word }) => word)).toEqual(["Answers", "Heard a wake word", "Leaves it to kitchen"]);
    expect(words.map(({ mood }) => mood)).toEqual(["busy", "busy", "unknown"]);
  });

  test("names the winner of the round that it lost, not of another zone's", () => {
    const upstairs = round({ phase: "serving", claims: [claim("attic")], grants: [] });
    const lost = round({ phase: "serving", ended: null });
    expect(describeRelay(relay("hall", { status: 3 }), undefined, false, [upstairs, lost]).word).toBe(
      "Leaves it to kitchen",
    );
    expect(describeRelay(relay("hall", { status: 3 }), undefined, false, []).word).toBe("Does not answer");
  });

  test("is as its stream is while nothing happens, and listens where it has none", () => {
    expect(describeRelay(relay("hall"), stream(1, { state: "waiting" }), false, []).mood).toBe("warn");
    expect(describeRelay(relay("hall"), stream(1), true, []).word).toBe("Asleep");
    expect(describeRelay(relay("hall"), undefined, false, []).word).toBe("Listening");
  });
});

test("microphones() leaves this machine out where it is to have none", () => {
  const relays = [relay("hall", { kind: "local" }), relay("kitchen")];
  expect(microphones(state({ relays })).map(({ id }) => id)).toEqual(["hall", "kitchen"]);
  expect(microphones(state({ relays, audio: { state: "none" } })).map(({ id }) => id)).toEqual(["kitchen"]);
});

test("streamOf() finds the stream in which the hub listens for a relay, and none for one that does so itself", () => {
  const streams = [stream(0, { name: "hall" }), stream(1, { name: "attic" }), stream(2, { name: "kitchen" })];
  expect(streamOf(relay("renamed", { kind: "local", detects: false }), streams)?.id).toBe(0);
  expect(streamOf(relay("attic", { kind: "sender", detects: false }), streams)?.id).toBe(1);
  expect(streamOf(relay("kitchen", { detects: true }), streams)).toBeUndefined();
  expect(streamOf(relay("hall", { detects: false }), streams)).toBeUndefined();
});

describe("lastPart()", () => {
  test("tells what a relay was in the newest round", () => {
    expect(lastPart(relay("hall", before), [round(), round({ claims: [] })])).toBe("Last word: lost to kitchen");
    expect(lastPart(relay("shed", before), [round()])).toBeNull();
    expect(lastPart(relay("hall", before), [])).toBeNull();
  });

  test("is silent while a round is about it, and of rounds before it came", () => {
    expect(lastPart(relay("hall", { ...before, status: 3 }), [round()])).toBeNull();
    expect(lastPart(relay("hall", { since: NOW_MS }), [round({ openedAt: NOW_MS - 5000 })])).toBeNull();
  });
});

test("describePlace() repeats no name, and names zones only where there are several", () => {
  const relays = [relay("hall", { kind: "local" }), relay("kitchen", { room: "kitchen" })];
  const attic = relay("attic", { kind: "sender", detects: false, room: "upstairs" });
  const zoned = { ...attic, zone: "flat" };
  const places = [...relays, attic].map((one) => describePlace(one, relays));
  expect(places).toEqual(["this machine", "relay", "upstairs · sender"]);
  expect(describePlace(zoned, [...relays, zoned])).toBe("upstairs · zone flat · sender");
  expect(describePlace(relay("den", { detects: false }), relays)).toBe("relay, sound only");
});

test("hasChoice() is false while one microphone answers every time", () => {
  const alone = round({ claims: [claim("hall", { standing: "granted" })] });
  expect(hasChoice(state({ rounds: [alone] }))).toBe(false);
  expect(hasChoice(state({ rounds: [alone, round()] }))).toBe(true);
  expect(hasChoice(state({ relays: [relay("hall"), relay("kitchen")], rounds: [alone] }))).toBe(true);
  expect(hasChoice(state({ relays: [relay("hall"), relay("kitchen")] }))).toBe(false);
});

describe("a relay whose words would go unnoticed", () => {
  test("is away, which is bad where it is expected, and no part of the newest round", () => {
    const away = relay("attic", { connected: false, expected: true });
    expect(describeRelay(away, undefined, false, [])).toMatchObject({ mood: "bad", word: "Away" });
    expect(describeRelay({ ...away, expected: false }, undefined, false, [])).toEqual({
      mood: "unknown",
      word: "Away",
      detail: null,
    });
    expect(lastPart(relay("kitchen", { connected: false, since: 0 }), [round()])).toBeNull();
  });

  test("hears nothing, and says why, whatever its status is", () => {
    const deaf = relay("attic", { trouble: "no microphone", status: 2 });
    expect(describeRelay(deaf, undefined, false, [])).toEqual({
      mood: "bad",
      word: "Hears nothing",
      detail: "A wake word would go unnoticed: no microphone.",
    });
  });
});
