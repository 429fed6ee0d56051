import { describe, expect, test } from "bun:test";
import type { HeardShare, KeptWord } from "../../src/arbitration/gains-words.ts";
import type { Contender } from "../../src/arbitration/policy.ts";
import type { RoundRecord } from "../../src/arbitration/round-record.ts";
import { HouseGains, type SetGain } from "../../src/hub/house-gains.ts";
import { NEAR } from "../support/plain-relay.ts";

type Claimed = RoundRecord["claims"][number];

/** A den with relays whose gains are as a test says, and words of which each is as loud for all. */
function den({ words = [] as readonly KeptWord[], roomOf = (_: string): string | undefined => "den" } = {}) {
  const clock = { nowMs: 100_000 };
  const rounds: RoundRecord[] = [];
  const disbelieved = new Set<string>();
  const stated = new Map<string, number>();
  const logged: { event: string; fields: Record<string, unknown> }[] = [];
  /** `stepMs` is how long the work between two looks at the clock takes. */
  const seen = { changes: 0, stepMs: 0, stored: [] as readonly KeptWord[] };
  const connected = new Set(["a", "b"]);
  const gains: HouseGains = new HouseGains(
    {
      monotonicMs: () => (clock.nowMs += seen.stepMs),
      rounds: () => rounds,
      connected: () => connected,
      placeOf: (id) => ({ room: roomOf(id), statedGainDb: stated.get(id) }),
      believes: (id) => !disbelieved.has(id),
      changed: () => {
        seen.changes++;
        seen.stored = gains.words;
      },
      log: { info: (event, fields) => logged.push({ event, fields }) },
    },
    words,
  );
  const say = (levels: Readonly<Record<string, number>>, phase: RoundRecord["phase"] = "over"): RoundRecord => {
    const number = rounds.length + 1;
    const claims = Object.entries(levels).map(([relayId, db], i): Claimed => {
      const evidence = { ...NEAR, evenDb: -40 + db, bandDb: -30 + db, rms: 0.1 * 10 ** (db / 20) };
      gains.envelope({ relayId, connection: i }, number, { levelsDb: fallingFrom(-35 + db), endsAt: 30, floorDb: -80 });
      const times = { endedAfterMs: -50, arrivedAfterMs: 0, repeats: 0, late: false, seconded: false };
      return { relayId, connection: i, number, model: "alexa", confidence: 0.9, evidence, ...times, standing: "lost" };
    });
    const nothing = { waitedFor: [], outOfEarshot: [], verdict: undefined, grants: [], firstAudioAfterMs: undefined };
    const round = {
      round: number,
      zone: "house",
      phase,
      openedAtMs: clock.nowMs,
      claims,
      ...nothing,
      ended: undefined,
    };
    rounds.push(round);
    return round;
  };
  /** Long enough for a word to be learned. */
  const settle = () => {
    clock.nowMs += 5000;
    gains.look();
    clock.nowMs += 5000;
    gains.look();
  };
  /** A sound that everybody heard, learned as soon as it can be. */
  const calibrate = (shares: readonly HeardShare[], together: boolean): ReadonlyMap<string, SetGain> => {
    let set: ReadonlyMap<string, SetGain> | undefined;
    gains.calibrate(shares, together, (found) => {
      set = found;
    });
    gains.look();
    if (set === undefined) throw new Error("it was not learned at one look, though no time passed");
    return set;
  };
  return { clock, gains, rounds, disbelieved, stated, logged, seen, connected, say, settle, calibrate };
}

/** A word, and a room that dies away behind it. */
function fallingFrom(db: number): number[] {
  return Array.from({ length: 50 }, (_, i) => (i < 30 ? db + (i % 5) : db - (i - 29) * 1.6));
}

const contender = (relayId: string): Contender => ({
  ...{ relayId, room: "den", evidence: NEAR, endedAtMs: 0, preferenceDb: 0, disbelieved: false },
  gain: { db: 0, uncertaintyDb: 4 },
});

const share = (relayId: string, db: number) => ({
  ...{ relayId, evidence: { ...NEAR, evenDb: -40 + db } },
  envelope: { levelsDb: fallingFrom(-35 + db), endsAt: 30, floorDb: -80 },
});

describe("the gains of a house", () => {
  test("are learned from what relays claimed and from the sound behind it, word by word", () => {
    const { gains, say, settle, seen, logged } = den();
    for (let i = 0; i < 3; i++) {
      say({ a: 6, b: 0 });
      settle();
    }
    expect(gains.gainOf("a")).toMatchObject({ from: "learned", words: 3 });
    expect(gains.gainOf("a").db - gains.gainOf("b").db).toBeWithin(4, 6.5);
    expect(gains.gainOf("a").uncertaintyDb).toBeLessThan(2);
    expect(gains.words[0]?.shares[0]?.tailDb).toBeNumber();
    expect(seen.changes).toBeGreaterThanOrEqual(3);
    expect(logged[0]).toMatchObject({ event: "gains learned", fields: { relays: ["a", "b"] } });
    expect(gains.gainOf("nobody")).toEqual({
      ...{ db: 0, uncertaintyDb: 4, from: "unknown", words: 0, calibrations: 0, movedAtMs: undefined },
    });
  });

  test("are not learned while somebody waits for a verdict, or before all that belongs to a word has come", () => {
    const { clock, gains, rounds, say } = den();
    const word = say({ a: 6, b: 0 });
    gains.look();
    clock.nowMs += 1500;
    gains.look();
    expect(gains.words).toHaveLength(0);
    const open = say({ a: 1 }, "open");
    clock.nowMs += 1000;
    gains.look();
    expect(gains.words).toHaveLength(0);
    rounds[rounds.indexOf(open)] = { ...open, phase: "over" };
    gains.look();
    gains.look();
    expect(gains.words).toHaveLength(1);
    gains.look();
    expect(gains.words).toHaveLength(1);
    expect(word.round).toBe(1);
  });

  test("are not learned from one relay alone, nor from one that is not believed", () => {
    const { gains, say, settle, disbelieved } = den();
    say({ a: 6 });
    settle();
    disbelieved.add("a");
    say({ a: 6, b: 0 });
    settle();
    expect(gains.words).toHaveLength(0);
  });

  test("are configured where somebody configured them, and the others are learned against those", () => {
    const { gains, say, settle, stated } = den();
    stated.set("b", 3);
    for (let i = 0; i < 4; i++) {
      say({ a: 6, b: 0 });
      settle();
    }
    expect(gains.gainOf("b")).toMatchObject({ db: 3, uncertaintyDb: 0, from: "configured" });
    expect(gains.gainOf("a").db).toBeWithin(7, 9.5);
    stated.delete("b");
    settle();
    expect(gains.gainOf("b")).toMatchObject({ from: "learned" });
  });

  test("of an earlier life are known from the first look on", () => {
    const first = den();
    for (let i = 0; i < 3; i++) {
      first.say({ a: 6, b: 0 });
      first.settle();
    }
    const second = den({ words: JSON.parse(JSON.stringify(first.gains.words)) as readonly KeptWord[] });
    expect(second.gains.gainOf("a").from).toBe("unknown");
    second.gains.look();
    expect(second.gains.gainOf("a")).toEqual(first.gains.gainOf("a"));
    expect(second.seen.changes).toBe(1);
  });

  test("of a relay that was moved are forgotten when its words say so, and it is told", () => {
    const { gains, say, settle, logged } = den();
    for (let i = 0; i < 8; i++) {
      say({ a: 3, b: 0, c: 0 });
      settle();
    }
    for (let i = 0; i < 4; i++) {
      say({ a: -9, b: 0, c: 0 });
      settle();
    }
    expect(logged).toContainEqual({ event: "relay was moved", fields: { relay: "a", gain: "learned anew" } });
    expect(gains.gainOf("a")).toMatchObject({ words: 4, movedAtMs: expect.any(Number) });
    expect(gains.gainOf("a").db).toBeLessThan(gains.gainOf("b").db);
  });

  test("of one relay are forgotten when somebody says so, and those of the others stay", () => {
    const { gains, say, settle, connected } = den();
    connected.add("c");
    for (let i = 0; i < 3; i++) {
      say({ a: 6, b: 0, c: 0 });
      settle();
    }
    gains.forget("a");
    expect(gains.gainOf("a")).toMatchObject({ from: "unknown", words: 0, uncertaintyDb: 4 });
    expect(gains.gainOf("b")).toMatchObject({ from: "learned", words: 3 });
  });

  test("are set at once by a sound that all heard", () => {
    const { gains, calibrate } = den();
    const set = calibrate([share("a", 6), share("b", 0)], false);
    expect(gains.gainOf("a").db - gains.gainOf("b").db).toBeWithin(3, 6.5);
    expect(gains.gainOf("a")).toMatchObject({ from: "learned", words: 0, calibrations: 1 });
    expect(set.get("a")).toMatchObject({ beforeDb: 0, gain: { db: gains.gainOf("a").db } });
    expect(gains.words[0]?.calibration).toBe(true);
  });

  test("that a sound set are as certain as what relays of a room differ by, whatever is not known of another", () => {
    const { gains, connected, calibrate } = den({ roomOf: (id) => (id === "c" ? undefined : "den") });
    connected.add("c");
    const set = calibrate([share("a", 6), share("b", 0), share("c", -9)], false);
    expect([...set.keys()]).toEqual(["a", "b"]);
    for (const id of ["a", "b"]) {
      expect(set.get(id)?.gain.uncertaintyDb).toBeLessThan(1);
      expect(gains.gainOf(id).uncertaintyDb).toBeLessThan(1);
    }
    expect(gains.gainOf("c")).toMatchObject({ db: 0, uncertaintyDb: 4, from: "unknown", calibrations: 1 });
  });

  test("are not set by a sound where no room is known, unless somebody says that there is but one", () => {
    const { gains, calibrate } = den({ roomOf: () => undefined });
    expect(calibrate([share("a", 6), share("b", 0)], false).size).toBe(0);
    expect(gains.gainOf("a")).toMatchObject({ db: 0, uncertaintyDb: 4, from: "unknown", calibrations: 1 });
    expect([...calibrate([share("a", 6), share("b", 0)], true).keys()]).toEqual(["a", "b"]);
    expect(gains.gainOf("a")).toMatchObject({ from: "learned", calibrations: 2 });
    expect(gains.gainOf("a").uncertaintyDb).toBeLessThan(1);
  });

  test("go into the policy as those who claim know them of each other; a stranger's claim leaves it as it was", () => {
    const { gains, say, settle } = den();
    for (let i = 0; i < 3; i++) {
      say({ a: 6, b: 0 });
      settle();
    }
    const asked: (readonly Contender[])[] = [];
    const policy = gains.informed((contenders) => {
      asked.push(contenders);
      return [];
    });
    policy([contender("a"), contender("b")]);
    policy([contender("a"), contender("stranger")]);
    const [known, strange] = asked;
    expect(known?.map(({ gain }) => gain.db > 0)).toEqual([true, false]);
    expect((known?.[0]?.gain.uncertaintyDb ?? 9) > 0).toBe(true);
    expect(strange?.map(({ gain }) => gain)).toEqual([
      { db: 0, uncertaintyDb: 4 },
      { db: 0, uncertaintyDb: 4 },
    ]);
  });

  test("take no more than a fiftieth of the time to be learned", () => {
    const { clock, gains, say, settle, seen } = den();
    settle();
    // Learning one word takes a while here.
    seen.stepMs = 1;
    say({ a: 6, b: 0 });
    clock.nowMs += 3000;
    const beganMs = clock.nowMs;
    let workedMs = 0;
    for (gains.look(); gains.wakeAtMs < Number.POSITIVE_INFINITY; gains.look()) {
      workedMs += 3;
      clock.nowMs = gains.wakeAtMs;
    }
    const doneMs = clock.nowMs;
    expect(doneMs - beganMs).toBeGreaterThan(4 * workedMs);
    expect(workedMs).toBeGreaterThan(10);
    expect(gains.words).toHaveLength(1);
    seen.stepMs = 0;
    say({ a: 6, b: 0 });
    clock.nowMs = doneMs + 48 * workedMs;
    gains.look();
    expect(gains.words).toHaveLength(1);
    clock.nowMs = doneMs + 51 * workedMs;
    gains.look();
    expect(gains.words).toHaveLength(2);
  });
});

describe("the gains of a house, while a word is learned in slices", () => {
  /** In a den where each look at the clock takes a while, somebody said three words, and a fourth is being learned. */
  function learning(levels: Readonly<Record<string, number>> = { a: 6, b: 0 }) {
    const here = den();
    for (let i = 0; i < 3; i++) {
      here.say(levels);
      here.settle();
    }
    here.seen.stepMs = 1;
    here.say(levels);
    here.clock.nowMs += 3000;
    here.gains.look();
    return { ...here, untilDone: () => advance(here) };
  }

  /** @returns how many slices it took */
  function advance({ gains, clock }: Pick<ReturnType<typeof den>, "gains" | "clock">): number {
    let slices = 0;
    for (; gains.wakeAtMs < Number.POSITIVE_INFINITY; slices++) {
      clock.nowMs = Math.max(clock.nowMs, gains.wakeAtMs);
      gains.look();
    }
    return slices;
  }

  test("are the same as learned at once, however it is cut", () => {
    const levels = { a: 6, b: 0, c: -2 };
    const sliced = learning(levels);
    expect(sliced.untilDone()).toBeGreaterThan(5);
    const whole = den();
    for (let i = 0; i < 4; i++) {
      whole.say(levels);
      whole.settle();
    }
    for (const id of ["a", "b", "c"]) expect(sliced.gains.gainOf(id)).toEqual(whole.gains.gainOf(id));
    expect(sliced.gains.words).toEqual(whole.gains.words);
  });

  test("no look takes longer than a slice and one step", () => {
    const { gains, clock } = learning();
    while (gains.wakeAtMs < Number.POSITIVE_INFINITY) {
      clock.nowMs = gains.wakeAtMs;
      const beganMs = clock.nowMs;
      gains.look();
      expect(clock.nowMs - beganMs).toBeLessThanOrEqual(3 + 2);
    }
  });

  test("are what they were before until it is through, for a verdict and for whoever looks", () => {
    const { gains, untilDone } = learning();
    const before = gains.gainOf("a");
    let seen: readonly Contender[] = [];
    const policy = gains.informed((contenders) => {
      seen = contenders;
      return [];
    });
    const ask = (): readonly number[] => {
      policy([contender("a"), contender("b")]);
      return seen.map(({ gain }) => gain.uncertaintyDb);
    };
    const known = ask();
    gains.look();
    expect(ask()).toEqual(known);
    expect(gains.gainOf("a")).toEqual(before);
    untilDone();
    expect(ask()[0]).toBeLessThan(known[0] ?? 0);
    expect(gains.gainOf("a")).toMatchObject({ words: 4 });
  });

  test("wait while somebody waits for a verdict, and go on where they were", () => {
    const { gains, clock, rounds, say, untilDone } = learning();
    const open = say({ a: 1 }, "open");
    expect(gains.wakeAtMs).toBe(Number.POSITIVE_INFINITY);
    for (let i = 0; i < 100; i++) {
      clock.nowMs += 250;
      gains.look();
    }
    expect(gains.gainOf("a").words).toBe(3);
    rounds[rounds.indexOf(open)] = { ...open, phase: "over" };
    untilDone();
    expect(gains.gainOf("a").words).toBe(4);
  });

  test("a word that comes meanwhile waits its turn, and is learned", () => {
    const { gains, clock, say, seen, untilDone } = learning();
    say({ a: 6, b: 0 });
    clock.nowMs += 3000;
    untilDone();
    expect(gains.words).toHaveLength(4);
    clock.nowMs += 100_000;
    seen.stepMs = 0;
    gains.look();
    expect(gains.gainOf("a").words).toBe(5);
  });

  test("the word is among what is to be stored, and that was told, when everything stops in the middle", () => {
    const { gains, clock, seen } = learning();
    for (let looks = 0; gains.words.length < 4 && looks < 100; looks++) {
      clock.nowMs = gains.wakeAtMs;
      gains.look();
    }
    expect(gains.gainOf("a").words).toBe(3);
    expect(seen.stored).toHaveLength(4);
    const later = den({ words: JSON.parse(JSON.stringify(seen.stored)) as readonly KeptWord[] });
    later.gains.look();
    expect(later.gains.gainOf("a")).toMatchObject({ from: "learned", words: 4 });
  });

  test("a sound that was made to set them is learned next, whoever waits, and answered when it is", () => {
    const { gains, clock, say, logged } = learning();
    let set: ReadonlyMap<string, SetGain> | undefined;
    say({ a: 1 }, "open");
    gains.calibrate([share("a", 6), share("b", 0)], false, (found) => {
      set = found;
    });
    for (let looks = 0; set === undefined && looks < 1000; looks++) {
      clock.nowMs = Math.max(clock.nowMs, Math.min(gains.wakeAtMs, clock.nowMs + 250));
      gains.look();
    }
    expect([...(set?.keys() ?? [])]).toEqual(["a", "b"]);
    expect(gains.gainOf("a")).toMatchObject({ words: 4, calibrations: 1 });
    expect(logged.filter(({ event }) => event === "gains learned")).toHaveLength(4);
  });

  test("of a relay that is forgotten are unknown at once, and stay so when it is through", () => {
    const { gains, untilDone, settle, seen } = learning({ a: 6, b: 0, c: 0 });
    gains.forget("a");
    const asked: number[] = [];
    const policy = gains.informed((contenders) => {
      asked.push(...contenders.map(({ gain }) => gain.uncertaintyDb));
      return [];
    });
    policy([contender("a"), contender("b")]);
    expect(asked).toEqual([4, 4]);
    expect(gains.gainOf("a")).toMatchObject({ from: "unknown", words: 0, uncertaintyDb: 4 });
    expect(gains.gainOf("b")).toMatchObject({ from: "learned" });
    untilDone();
    seen.stepMs = 0;
    settle();
    expect(gains.gainOf("a")).toMatchObject({ from: "unknown", words: 0, uncertaintyDb: 4 });
    expect(gains.gainOf("b")).toMatchObject({ from: "learned", words: 4 });
  });
});
