import { describe, expect, test } from "bun:test";
import type { CoarseEnvelope } from "../../src/arbitration/evidence.ts";
import { GainMemory, type RelayInRoom } from "../../src/arbitration/gains.ts";
import type { HeardShare, KeptWord } from "../../src/arbitration/gains-words.ts";
import { fuzzSeed } from "../memory/fuzz-seed.ts";
import { seededRandom } from "../support/clips.ts";

const seed = fuzzSeed("gains");
const FLOOR_DB = -90;

interface Said {
  /** Of each relay: how much louder it hears this word for being near. */
  readonly nearDb: readonly number[];
  /** Behind a wall: how much quieter the word and its tail are. */
  readonly wallDb?: readonly number[];
  readonly talksOn?: boolean;
  readonly floorDb?: number;
}

/** What relays with these gains report of a word: levels with what nearness does, tails without. */
function heard(
  ids: readonly string[],
  gainsDb: readonly number[],
  said: Said,
  random: () => number,
): readonly HeardShare[] {
  const { nearDb, wallDb = [], talksOn = false, floorDb = FLOOR_DB } = said;
  const loudness = -40 + 6 * random();
  return ids.map((relayId, i) => {
    const wobble = (spread: number): number => spread * (random() + random() + random() - 1.5) * 2;
    const sound = loudness + (gainsDb[i] ?? 0) - (wallDb[i] ?? 0);
    const near = nearDb[i] ?? 0;
    const tail = sound - 8 + wobble(0.7);
    const speech = Array.from({ length: 25 }, (_, step) => (step > 9 && step < 14 ? tail - 10 : sound + near));
    const behind = Array.from({ length: 20 }, (_, step) => (talksOn ? sound + near - (step % 5) : tail - 2 * step));
    const quietest = floorDb + (gainsDb[i] ?? 0);
    const envelope: CoarseEnvelope = {
      levelsDb: [...speech, ...behind].map(
        (db) => 10 * Math.log10(10 ** (db / 10) + 10 ** (quietest / 10)) + wobble(0.1),
      ),
      endsAt: 25,
      floorDb: quietest,
    };
    const evidence = {
      // Walls swallow the highs, and leave most of the whole.
      rms: 10 ** ((sound + near + (wallDb[i] ?? 0)) / 20),
      bandDb: sound + near - 5,
      floorDb: quietest,
      evenDb: sound + near + wobble(0.5),
      snrDb: 20 + near - (wallDb[i] ?? 0),
      attackDb: -5,
      envelopeVariance: 0.5,
      confidence: 0.9,
      durationMs: 500,
    };
    return { relayId, evidence, envelope };
  });
}

const IDS = ["a", "b", "c"];
const together = (room: string | undefined): readonly RelayInRoom[] => IDS.map((relayId) => ({ relayId, room }));

/** Words of people who are nearer now to one relay, now to another. */
function learned(
  gainsDb: readonly number[],
  words: number,
  { relays = together("kitchen"), said = {} as Partial<Said>, from = seed } = {},
) {
  const random = seededRandom(from);
  const memory = new GainMemory();
  for (let word = 0; word < words; word++) {
    const nearDb = IDS.map(() => 8 * random() - 3);
    memory.heard(heard(IDS, gainsDb, { nearDb, ...said }, random), relays);
  }
  return memory;
}

const gainsOf = (memory: GainMemory, relays = together("kitchen")) => {
  const gains = memory.gains(IDS, relays);
  return IDS.map((id) => gains.get(id) ?? { db: Number.NaN, uncertaintyDb: Number.NaN });
};

describe("gains of one room", () => {
  test("nothing is known at first: 0 dB, and that may be wrong by several", () => {
    for (const { db, uncertaintyDb } of gainsOf(new GainMemory())) {
      expect(db).toBe(0);
      expect(uncertaintyDb).toBeGreaterThan(2);
    }
  });

  test("are learned from a dozen words within a decibel, and with an uncertainty that says so", () => {
    const [a, b, c] = gainsOf(learned([6, -2, -4], 12));
    for (const [gain, truth] of [
      [a, 6],
      [b, -2],
      [c, -4],
    ] as const) {
      expect(Math.abs((gain?.db ?? 0) - truth)).toBeLessThan(1);
      expect(gain?.uncertaintyDb).toBeLessThan(1);
    }
  });

  test("one word says a good deal, and more words say it better", () => {
    const uncertain = (words: number) => gainsOf(learned([6, -2, -4], words))[0]?.uncertaintyDb ?? 0;
    expect(uncertain(1)).toBeLessThan(0.7 * uncertain(0));
    expect(uncertain(12)).toBeLessThan(0.7 * uncertain(1));
  });

  test("that are alike are believed to be alike: what is left of chance is a few tenths of a decibel", () => {
    for (const { db } of gainsOf(learned([0, 0, 0], 12))) expect(Math.abs(db)).toBeLessThan(0.35);
  });

  test("a favourite chair beside one relay is not its gain", () => {
    const [a] = gainsOf(learned([0, 0, 0], 40, { said: { nearDb: [4, -1, -1] } }));
    expect(a?.db).toBeLessThan(1);
  });

  test("people who talk on leave no tail, and are no reason to believe a gain", () => {
    const memory = learned([0, 0, 0], 12, { said: { talksOn: true } });
    expect(memory.words.flatMap(({ shares }) => shares).filter(({ tailDb }) => tailDb !== undefined)).toEqual([]);
    for (const { db } of gainsOf(memory)) expect(Math.abs(db)).toBeLessThan(1);
  });

  test("tails that drown in noise are left out", () => {
    // Words as loud as chance has it: by some of them a tail would stand out, so these are always the same.
    const memory = learned([0, 0, 0], 6, { said: { floorDb: -42 }, from: 2 });
    expect(memory.words.flatMap(({ shares }) => shares).filter(({ tailDb }) => tailDb !== undefined)).toEqual([]);
  });

  test("a word that was measured all wrong now and then changes little", () => {
    const memory = learned([3, 0, -3], 12);
    const random = seededRandom(seed + 1);
    for (let word = 0; word < 2; word++)
      memory.heard(heard(IDS, [3, 25, -3], { nearDb: [0, 0, 0] }, random), together("kitchen"));
    const [, b] = gainsOf(memory);
    expect(Math.abs(b?.db ?? 9)).toBeLessThan(1.5);
  });

  test("one sound that everyone hears sets them at once", () => {
    const memory = new GainMemory();
    memory.heard(heard(IDS, [5, 0, -5], { nearDb: [1, -1, 0] }, seededRandom(seed)), together("kitchen"), {
      calibration: true,
    });
    const [a, b, c] = gainsOf(memory);
    expect(Math.abs((a?.db ?? 0) - 5)).toBeLessThan(1.5);
    expect(Math.abs((c?.db ?? 0) + 5)).toBeLessThan(1.5);
    expect(b?.uncertaintyDb).toBeLessThan(1.5);
  });

  test("a relay that got another microphone is noticed, and learned anew", () => {
    const memory = learned([0, 0, 0], 20);
    const random = seededRandom(seed + 2);
    const moved: (string | undefined)[] = [];
    for (let word = 0; word < 8; word++) {
      const nearDb = IDS.map(() => 6 * random() - 3);
      moved.push(memory.heard(heard(IDS, [0, 12, 0], { nearDb }, random), together("kitchen")));
    }
    expect(moved.filter((id) => id !== undefined)).toEqual(["b"]);
    const [a, b] = gainsOf(memory);
    expect(Math.abs((b?.db ?? 0) - (a?.db ?? 0) - 12)).toBeLessThan(1.5);
  });

  test("nobody is taken for moved who stayed", () => {
    const random = seededRandom(seed + 3);
    const memory = new GainMemory();
    const moved: (string | undefined)[] = [];
    for (let word = 0; word < 60; word++) {
      const nearDb = IDS.map(() => 6 * random() - 3);
      moved.push(memory.heard(heard(IDS, [4, 0, -4], { nearDb }, random), together("kitchen")));
    }
    expect(moved.filter((id) => id !== undefined)).toEqual([]);
  });

  test("survive a restart as they were", () => {
    const memory = learned([6, -2, -4], 12);
    const stored = JSON.parse(JSON.stringify(memory.words)) as readonly KeptWord[];
    expect(gainsOf(new GainMemory(stored))).toEqual(gainsOf(memory));
  });

  test("one that somebody stated is believed, and the others are learned against it", () => {
    const relays = together("kitchen").map((relay) => (relay.relayId === "a" ? { ...relay, statedGainDb: 10 } : relay));
    const [a, b, c] = gainsOf(learned([6, -2, -4], 24, { relays }), relays);
    expect(a).toEqual({ db: 10, uncertaintyDb: 0 });
    expect(Math.abs((b?.db ?? 9) - 2)).toBeLessThan(2);
    expect(Math.abs(c?.db ?? 9)).toBeLessThan(2);
    expect(Math.abs((b?.db ?? 9) - (c?.db ?? 0) - 2)).toBeLessThan(1.6);
  });

  test("somebody who says that a relay was moved makes it unknown, and no other", () => {
    const memory = learned([6, -2, -4], 12);
    const before = memory.gains(["b", "c"], together("kitchen")).get("b");
    memory.forget("a");
    expect(gainsOf(memory)[0]?.uncertaintyDb).toBeGreaterThan(1.5);
    const after = memory.gains(["b", "c"], together("kitchen")).get("b");
    expect(Math.abs((after?.db ?? 0) - (before?.db ?? 0))).toBeLessThan(1);
  });
});

describe("walls", () => {
  const pair = ["a", "b"];
  const apart: readonly RelayInRoom[] = [
    { relayId: "a", room: "kitchen" },
    { relayId: "b", room: "study" },
  ];
  const nowhere: readonly RelayInRoom[] = pair.map((relayId) => ({ relayId, room: undefined }));

  /** A word is said in the room of `where`, and comes through a wall to the other. */
  function house(
    relays: readonly RelayInRoom[],
    gainsDb: readonly number[],
    where: (word: number) => number,
    words = 16,
  ) {
    const random = seededRandom(seed + 4);
    const memory = new GainMemory();
    for (let word = 0; word < words; word++) {
      const wallDb = pair.map((_, i) => (i === where(word) ? 0 : 11 + 2 * random()));
      // Behind a wall nobody is near.
      const nearDb = pair.map((_, i) => (i === where(word) ? 5 * random() - 1 : -1));
      memory.heard(heard(pair, gainsDb, { nearDb, wallDb }, random), relays);
    }
    const gains = memory.gains(pair, relays);
    return (gains.get("a")?.db ?? 0) - (gains.get("b")?.db ?? 0);
  }

  test("are no gain where people are always in the same of two rooms", () => {
    expect(Math.abs(house(apart, [0, 0], () => 0))).toBeLessThan(3);
    expect(Math.abs(house(nowhere, [0, 0], () => 0))).toBeLessThan(3);
  });

  test("are told from gains by who speaks on which side", () => {
    expect(Math.abs(house(apart, [3, -3], (word) => word % 2, 40) - 6)).toBeLessThan(3);
  });

  test("are no gain where no room is configured", () => {
    expect(Math.abs(house(nowhere, [0, 0], (word) => word % 2))).toBeLessThan(2);
    expect(Math.abs(house(nowhere, [0, 0], (word) => Number(word % 4 === 0)))).toBeLessThan(3);
  });

  test("and gains are not told from each other where one of two is always louder: that is not known, and nobody is taken for moved", () => {
    const random = seededRandom(seed + 5);
    for (const [gainsDb, wallDb] of [
      [
        [6, -6],
        [0, 0],
      ],
      [
        [0, 0],
        [0, 12],
      ],
    ] as const) {
      const memory = new GainMemory();
      const unknown = memory.gains(pair, nowhere).get("a")?.uncertaintyDb ?? Number.NaN;
      for (let word = 0; word < 11; word++) {
        // Somebody is always nearer to the louder one, and moves a little.
        const said = { nearDb: [2 + random(), -1 - random()], wallDb };
        expect(memory.heard(heard(pair, gainsDb, said, random), nowhere)).toBeUndefined();
        const gain = memory.gains(pair, nowhere).get("a");
        expect(gain?.db).toBeCloseTo(0, 9);
        expect(gain?.uncertaintyDb).toBeCloseTo(unknown, 9);
      }
      expect(memory.known(nowhere).peers(pair).size).toBe(0);
    }
  });

  test("are no gain of one of two that keep changing places, and nobody is taken for moved", () => {
    const random = seededRandom(seed + 10);
    const memory = new GainMemory();
    for (let word = 0; word < 14; word++) {
      const there = word % 2;
      const wallDb = [there === 0 ? 0 : 12, there === 0 ? 12 : 0];
      expect(memory.heard(heard(pair, [6, -6], { nearDb: [0, 0], wallDb }, random), nowhere)).toBeUndefined();
      expect(memory.gains(pair, nowhere).get("a")?.db).toBeCloseTo(0, 9);
    }
  });

  test("are suspected for a verdict until all of those who claim have shown that they share a room", () => {
    const random = seededRandom(seed + 11);
    const five: readonly RelayInRoom[] = ["a", "b", "c", "d", "e"].map((relayId) => ({ relayId, room: undefined }));
    const ids = five.map(({ relayId }) => relayId);
    const memory = new GainMemory();
    const said = { nearDb: [1, -1] };
    memory.heard(heard(pair, [6, -6], said, random), five, { calibration: true, together: true });
    expect(memory.gains(ids, five).get("a")?.db).toBeGreaterThan(3);
    for (const some of [ids, ["a", "b", "c"]]) {
      expect(memory.gainsFor(some, five)).toEqual(new GainMemory().gains(some, five));
    }
    expect(memory.gainsFor(["a", "b"], five).get("a")?.db).toBeGreaterThan(3);
  });

  test("are known between named rooms alone: one more relay, whose room is not known, changes nothing for the others", () => {
    const random = seededRandom(seed + 6);
    const three: readonly RelayInRoom[] = [...apart, { relayId: "c", room: undefined }];
    const ids = three.map(({ relayId }) => relayId);
    const memory = new GainMemory();
    for (let word = 0; word < 20; word++) {
      const wallDb = [word % 2 === 0 ? 0 : 12, word % 2 === 0 ? 12 : 0, 14];
      memory.heard(heard(ids, [3, -3, 0], { nearDb: [0, 0, 0], wallDb }, random), three);
    }
    expect([...memory.known(three).peers(ids).keys()]).toEqual(["a", "b"]);
    expect(memory.gainsFor(ids, three)).toEqual(memory.gains(ids, three));
    const between = memory.gains(pair, three);
    expect(Math.abs((between.get("a")?.db ?? 0) - 3)).toBeLessThan(1.5);
    expect(memory.gains(ids, three).get("c")?.uncertaintyDb).toBeGreaterThan(2);
  });

  test("relays of one room that nobody configured hear alike, now the one more nearly and now the other: that is enough", () => {
    const random = seededRandom(seed + 7);
    const memory = new GainMemory();
    for (let word = 0; word < 12; word++) {
      const near = word % 2 === 0 ? [2, 0] : [0, 2];
      memory.heard(heard(pair, [6, -6], { nearDb: near }, random), nowhere);
    }
    const gain = memory.gains(pair, nowhere).get("a");
    expect(Math.abs((gain?.db ?? 0) - 6)).toBeLessThan(1);
    expect(gain?.uncertaintyDb).toBeLessThan(1.5);
    expect(memory.known(nowhere).peers(pair).get("a")).toEqual(pair);
  });

  test("there are none where somebody said that all who heard a sound are in one room, however many words follow", () => {
    const random = seededRandom(seed + 8);
    const memory = new GainMemory();
    const said = { nearDb: [1, -1] };
    memory.heard(heard(pair, [6, -6], said, random), nowhere, { calibration: true, together: true });
    expect(Math.abs((memory.gains(pair, nowhere).get("a")?.db ?? 0) - 6)).toBeLessThan(2);
    for (let word = 0; word < 70; word++) memory.heard(heard(pair, [6, -6], said, random), nowhere);
    const later = new GainMemory(JSON.parse(JSON.stringify(memory.words)) as readonly KeptWord[]);
    expect(later.known(nowhere).peers(pair).get("a")).toEqual(pair);
    later.forget("a");
    expect(later.known(nowhere).peers(pair).size).toBe(0);
  });

  test("stay between rooms that the configuration names, whoever says that they are one", () => {
    const random = seededRandom(seed + 9);
    const memory = new GainMemory();
    const said = { nearDb: [0, 0], wallDb: [0, 12] };
    memory.heard(heard(pair, [0, 0], said, random), apart, { calibration: true, together: true });
    expect(Math.abs(memory.gains(pair, apart).get("a")?.db ?? 9)).toBeLessThan(3);
  });

  test("relays of one room that nobody configured show it themselves: who is nearer changes, and the tails do not", () => {
    const memory = learned([6, -2, -4], 60, { relays: together(undefined) });
    const gains = memory.gains(IDS, together(undefined));
    expect(Math.abs((gains.get("a")?.db ?? 0) - 6)).toBeLessThan(1.5);
    expect(gains.get("a")?.uncertaintyDb).toBeLessThan(1.5);
  });
});

test("what relays report may be anything", () => {
  const memory = new GainMemory();
  const odd = heard(IDS, [0, 0, 0], { nearDb: [0, 0, 0] }, seededRandom(seed)).map((share, i) => ({
    ...share,
    evidence: {
      ...share.evidence,
      bandDb: Number.NaN,
      evenDb: [Number.NaN, undefined, 1e308][i],
      snrDb: Number.POSITIVE_INFINITY,
    },
    envelope: [
      { levelsDb: [], endsAt: 3, floorDb: Number.NaN },
      { levelsDb: [Number.NaN, -1e308], endsAt: -1, floorDb: 0 },
      undefined,
    ][i],
  }));
  memory.heard(odd, together("kitchen"));
  for (const { db, uncertaintyDb } of gainsOf(memory)) {
    expect(Number.isFinite(db)).toBe(true);
    expect(Number.isFinite(uncertaintyDb)).toBe(true);
  }
});
