import { describe, expect, test } from "bun:test";
import { joined, type Relay } from "../../src/arbitration/relay.ts";
import { type Config, configSchema } from "../../src/config/schema.ts";
import type { Seat } from "../../src/hub/seat.ts";
import type { Reports } from "../../src/relay/relay-desk.ts";
import { RelayList } from "../../src/web/relay-list.ts";
import { facts } from "../arbitration/small-house.ts";
import { SILENT_VOICE } from "../hub/silent-house.ts";

const EPOCH_MS = 1_700_000_000_000;

const NOTHING_KNOWN = {
  gain: { db: 0, uncertaintyDb: 4, from: "unknown", words: 0, calibrations: 0, movedAt: null },
  evidence: { state: "unchecked", because: null, since: null },
} as const;

function house() {
  const clock = { nowMs: 1000 };
  const seats = new Map<string, Seat>();
  const arbiter = { relays: new Map<string, Relay>(), generation: 0 };
  const reports = new Map<number, Reports>();
  const given = { config: configSchema.parse({}) as Config, tokens: [] as string[] };
  /** What making the list takes, ms. */
  const slow = { byMs: 0 };
  const list = new RelayList({
    hub: { seats },
    arbiter,
    config: () => given.config,
    tokenNames: () => {
      clock.nowMs += slow.byMs;
      return given.tokens;
    },
    knownOf: () => NOTHING_KNOWN,
    reportsOf: (connection) => reports.get(connection),
    monotonicMs: () => clock.nowMs,
    unixMs: () => EPOCH_MS + clock.nowMs,
  });
  const come = (id: string, more: Partial<Seat> = {}, onset = false): number => {
    const connection = arbiter.generation++;
    const seat = {
      id,
      connection,
      kind: "relay",
      address: "10.0.0.7:5",
      software: "test",
      sinceMs: clock.nowMs,
    } as const;
    seats.set(id, { ...seat, voice: SILENT_VOICE, stream: undefined, ...more });
    arbiter.relays.set(id, joined(facts(id, { can: { onset, ask: true } }), connection, clock.nowMs));
    return connection;
  };
  const leave = (id: string) => {
    seats.delete(id);
    arbiter.relays.delete(id);
    arbiter.generation++;
  };
  const says = (connection: number, telemetry: Partial<NonNullable<Reports["telemetry"]>>) =>
    reports.set(connection, {
      telemetry: { type: "telemetry", rms: 0.1, ...telemetry },
      telemetryAtMs: clock.nowMs,
      beatAtMs: clock.nowMs,
    });
  const view = (id: string) => list.views.find((one) => one.id === id);
  const codes = () => list.troubles.map(({ code, message }) => `${code}: ${message}`);
  return { clock, given, list, come, leave, says, view, codes, reports, slow };
}

describe("a relay that is connected", () => {
  test("is shown with its level, and nothing is wrong with it", () => {
    const { clock, come, says, view, codes } = house();
    says(come("kitchen"), { armed: true });
    expect(view("kitchen")).toMatchObject({ connected: true, trouble: null, rms: 0.1, since: EPOCH_MS + 1000 });
    clock.nowMs += 4000;
    expect(view("kitchen")?.trouble).toBeNull();
    expect(codes()).toEqual([]);
  });

  test("says that no word would be noticed: it is shown at once, with its reason, and told after 10 s", () => {
    const { clock, come, says, view, codes } = house();
    const kitchen = come("kitchen");
    says(kitchen, { armed: false, reason: "no microphone" });
    expect(view("kitchen")?.trouble).toBe("no microphone");
    for (const [ms, told] of [
      [9900, 0],
      [200, 1],
    ] as const) {
      clock.nowMs += ms;
      says(kitchen, { armed: false, reason: "no microphone" });
      expect(codes()).toHaveLength(told);
    }
    expect(codes()).toEqual(["relay_deaf: kitchen would not notice a wake word: no microphone"]);
    clock.nowMs += 200;
    says(kitchen, { armed: true });
    expect([view("kitchen")?.trouble, codes()]).toEqual([null, []]);
  });

  test("that is muted for long is to be unmuted, and nothing is said against its microphone", () => {
    const { clock, come, says, list } = house();
    const porch = come("porch");
    says(porch, { armed: false, reason: "muted" });
    expect(list.troubles).toEqual([]);
    clock.nowMs += 10_100;
    says(porch, { armed: false, reason: "muted" });
    expect(list.troubles).toMatchObject([{ code: "relay_deaf", hint: expect.stringContaining("unmute it") }]);
  });

  test("that goes silent about its microphone is not believed to hear", () => {
    const { clock, come, says, view } = house();
    says(come("kitchen"), { armed: true });
    clock.nowMs += 5001;
    expect(view("kitchen")?.trouble).toBe("it has not said for 5 s how its microphone is");
  });

  test("that beats no more has a microphone that stands still, whether or not it ever told its level", () => {
    const { clock, come, view, reports } = house();
    const kitchen = come("kitchen", {}, true);
    reports.set(kitchen, { telemetry: undefined, telemetryAtMs: Number.NEGATIVE_INFINITY, beatAtMs: 1000 });
    clock.nowMs += 3000;
    expect(view("kitchen")?.trouble).toBeNull();
    clock.nowMs += 101;
    expect(view("kitchen")?.trouble).toBe("its microphone has given no sound for 3 s");
  });

  test("that never says anything of its microphone is taken at its word", () => {
    const { clock, come, view, reports } = house();
    const never = Number.NEGATIVE_INFINITY;
    reports.set(come("plain"), { telemetry: undefined, telemetryAtMs: never, beatAtMs: never });
    clock.nowMs += 3_600_000;
    expect(view("plain")?.trouble).toBeNull();
  });
});

describe("a relay that is gone", () => {
  test("is shown as away, since when, behind those who are here; when somebody expects it, that is told after 30 s", () => {
    const { clock, given, list, come, leave, view, codes } = house();
    given.tokens = ["kitchen"];
    come("kitchen");
    come("hall", { kind: "local", stream: 0 });
    expect(list.views.map(({ id, connected, expected }) => [id, connected, expected])).toEqual([
      ["kitchen", true, true],
      ["hall", true, true],
    ]);
    clock.nowMs = 60_000;
    leave("kitchen");
    expect(list.views.map(({ id }) => id)).toEqual(["hall", "kitchen"]);
    expect(view("kitchen")).toMatchObject({ connected: false, expected: true, since: EPOCH_MS + 60_000, rms: null });
    clock.nowMs += 29_900;
    expect(codes()).toEqual([]);
    clock.nowMs += 8 * 3_600_000;
    expect(codes()).toEqual(["relay_away: kitchen has been away for 8 h: no wake word is noticed there"]);
    expect(view("kitchen")?.since).toBe(EPOCH_MS + 60_000);
    come("kitchen");
    expect([view("kitchen")?.connected, codes()]).toEqual([true, []]);
  });

  test("is nothing to worry about when nobody knows it, or it may be away", () => {
    const { clock, given, come, leave, view, codes } = house();
    given.config = configSchema.parse({ relays: { phone: { expected: false } } });
    given.tokens = ["phone"];
    for (const id of ["phone", "guest"]) come(id);
    expect([view("phone")?.expected, view("guest")?.expected]).toEqual([false, false]);
    for (const id of ["phone", "guest"]) leave(id);
    clock.nowMs += 3_600_000;
    expect([view("phone")?.connected, view("guest")?.connected]).toEqual([false, false]);
    expect(codes()).toEqual([]);
  });

  test("is missed from the start of the hub on when it has a place in the configuration and never came", () => {
    const { clock, given, view, codes } = house();
    given.config = configSchema.parse({ relays: { attic: { room: "Attic" } } });
    clock.nowMs += 31_000;
    expect(view("attic")).toMatchObject({ connected: false, expected: true, room: "Attic" });
    expect(codes()).toEqual(["relay_away: attic is expected, and has not come in the 31 s that this hub runs"]);
  });

  test("of another protocol, which comes with a word and goes, is not away", () => {
    const { come, leave, view, list } = house();
    come("loqa-7", { kind: "loqa" });
    expect(view("loqa-7")?.connected).toBe(true);
    leave("loqa-7");
    expect(list.views).toEqual([]);
  });
});

test("the list is made anew when somebody comes, goes or wins, and else ten times a second", () => {
  const { clock, come, list } = house();
  come("kitchen");
  const first = list.views;
  clock.nowMs += 99;
  expect(list.views).toBe(first);
  come("attic");
  const second = list.views;
  expect(second).not.toBe(first);
  clock.nowMs += 100;
  expect(list.views).not.toBe(second);
});

test("a list of a thousand, which takes long to make, is made less often; one of ten is made at once", () => {
  const made = (relays: number): boolean => {
    const { clock, come, list, slow } = house();
    for (let i = 0; i < relays; i++) come(`r${i}`);
    slow.byMs = 10;
    const first = list.views;
    slow.byMs = 0;
    clock.nowMs += 150;
    come("late");
    const second = list.views;
    clock.nowMs += 400;
    expect(list.views).not.toBe(first);
    return second !== first;
  };
  expect([made(10), made(1000)]).toEqual([true, false]);
});
