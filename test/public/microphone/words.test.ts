// What the page says, and what it remembers.
import { describe, expect, test } from "bun:test";
import { Hops } from "../../../public/microphone/hops.ts";
import { complaintOf, keepIdentity, readIdentity } from "../../../public/microphone/identity.ts";
import type { Link, Turn } from "../../../public/microphone/lent.ts";
import type { MicrophoneState } from "../../../public/microphone/microphone.ts";
import { describeLateness, describeLent } from "../../../public/microphone/words.ts";

const OPEN: MicrophoneState = { kind: "open", label: "" };
const CONNECTED: Link = { kind: "connected", hub: "hall", id: "phone", room: "Kitchen" };
const QUIET: Turn = { kind: "quiet" };
const known = { microphone: OPEN, link: CONNECTED, turn: QUIET, house: null, houseIsOff: false, nowMs: 0 };

describe("the page says", () => {
  test.each<[string, string, Partial<Parameters<typeof describeLent>[0]>]>([
    ["Lend this microphone to the house", "unknown", { microphone: { kind: "closed" } }],
    ["May this page use the microphone?", "unknown", { microphone: { kind: "asking" } }],
    [
      "This page may not use the microphone",
      "off",
      { microphone: { kind: "failed", why: "denied", message: "" }, turn: { kind: "answering" } },
    ],
    ["Connecting to the hub...", "unknown", { link: { kind: "connecting" } }],
    ["The hub is away", "unknown", { link: { kind: "away", code: "closed", message: "it left", retryAtMs: 2500 } }],
    ["The hub does not let this microphone in", "off", { link: { kind: "refused", title: "no", hint: null } }],
    ["Listening for the wake word", "armed", {}],
    ["The hub is not listening", "off", { houseIsOff: true }],
    ["This microphone answers", "busy", { turn: { kind: "answering" }, houseIsOff: true }],
    ["It is noon.", "busy", { turn: { kind: "reply", text: "It is noon.", untilMs: 0 } }],
    ["Hall answers", "armed", { turn: { kind: "lost", winner: { id: "x", room: "Hall" }, untilMs: 0 } }],
    ["hall answers", "armed", { turn: { kind: "lost", winner: { id: "hall", room: null }, untilMs: 0 } }],
  ])("%s", (headline, mood, what) => {
    expect(describeLent({ ...known, ...what })).toMatchObject({ headline, mood: mood as never });
  });

  test.each([
    ["awake", "phone", "It heard alexa. Speak."],
    ["recording", "phone", "It heard alexa. Speak."],
    ["processing", "phone", "Working out what you said."],
    ["responding", "phone", "Answering."],
    ["processing", "hall", "It heard alexa. Speak."],
  ])("while the house is %s for %s: %s", (state, relay, detail) => {
    const activation = { state, model: "alexa", confidence: 1, relay, forMs: 0 };
    const house = { activation, rounds: [], relays: [] };
    expect(describeLent({ ...known, house, turn: { kind: "answering" } }).detail).toBe(detail);
  });

  test("how long it is to the next try", () => {
    const link: Link = { kind: "away", code: "hub_ends", message: "the hub ends", retryAtMs: 2500 };
    expect(describeLent({ ...known, link }).detail).toBe("The hub ends. Next try in 3 s.");
  });

  test("why the hub sends it away, and what to do, and not that a hub which answered is away", () => {
    const message = 'the hub\'s own microphone is called "hall"';
    const link: Link = { kind: "away", code: "name_of_hub", message, retryAtMs: 2500 };
    expect(describeLent({ ...known, link })).toMatchObject({
      mood: "off",
      headline: 'The hub\'s own microphone is called "hall"',
      detail: "Next try in 3 s.",
      hint: "Stop, and give this microphone another name.",
    });
  });
});

test.each([
  ["stamps", "Its sound is dated 45 ms back, to when it was heard, by the time that each piece of it carries."],
  ["track", "Its sound is dated 45 ms back, to when it was heard, as the browser measures it."],
  ["settings", "Its sound is dated 45 ms back, to when it was heard, as the browser says."],
  ["guess", "Its sound is dated 45 ms back, to when it was heard, which is a guess: this browser does not say."],
] as const)("the page says how late sound comes, known by %s", (by, text) => {
  expect(describeLateness({ ms: 45, by })).toBe(text);
});

describe("who it is", () => {
  test("is kept, and read again", () => {
    const kept = new Map<string, string>();
    const storage = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
    };
    const identity = { name: "kitchen tablet", token: "abc", lent: true };
    keepIdentity(storage, identity);
    expect(readIdentity(storage, () => 0)).toEqual(identity);
  });

  test.each([null, "{", "3", '{"name":"<b>","lent":"yes"}'])("is new where %p is kept", (text) => {
    expect(readIdentity({ getItem: () => text }, () => 0.5)).toEqual({ name: "phone-550", token: "", lent: false });
  });

  test("is asked again by a browser that keeps nothing", () => {
    const refusing = {
      setItem: () => {
        throw new Error("full");
      },
    };
    expect(() => keepIdentity(refusing, { name: "phone", token: "", lent: true })).not.toThrow();
    expect(readIdentity(undefined, () => 0).name).toBe("phone-100");
  });

  test("must be what the hub will take", () => {
    expect(complaintOf({ name: "Küche 2", token: "" })).toBeUndefined();
    expect(complaintOf({ name: "", token: "" })).toContain("A name has");
    expect(complaintOf({ name: "", token: "abc_-9" })).toBeUndefined();
    expect(complaintOf({ name: "phone", token: "a b" })).toContain("A token has");
  });
});

test("hops are 80 ms, however the sound was cut, each with the time of its last sample", () => {
  const hops = new Hops();
  const pcm = Int16Array.from({ length: 3200 }, (_, i) => i);
  const taken = [...hops.take(pcm.subarray(0, 1000), 100), ...hops.take(pcm.subarray(1000), 300)];
  expect(taken.map(({ endMs }) => endMs)).toEqual([300 - 1920 / 16, 300 - 640 / 16]);
  expect(taken.flatMap((hop) => [...hop.pcm])).toEqual([...pcm.subarray(0, 2560)]);
});
