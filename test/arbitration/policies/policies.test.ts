import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { POLICIES } from "../../../src/arbitration/policies/by-name.ts";
import type { Contender, Policy } from "../../../src/arbitration/policy.ts";
import { fuzzSeed } from "../../memory/fuzz-seed.ts";
import { contender } from "./contenders.ts";

const order = (policy: Policy, contenders: readonly Contender[]) => policy(contenders).map(({ relayId }) => relayId);
const { rms, band, snr, envelope, first, auto } = POLICIES;

test("rms puts the loudest first, whatever else was measured", () => {
  const quiet = contender("quiet", { rms: 0.02, bandDb: -20, snrDb: 60 });
  expect(order(rms, [quiet, contender("loud", { rms: 0.03 })])).toEqual(["loud", "quiet"]);
});

test("rms of nothing is last", () => {
  expect(order(rms, [contender("a", { rms: 0 }), contender("b", { rms: 0.0001 })])).toEqual(["b", "a"]);
});

test("band takes the noise off the level", () => {
  const beside = contender("beside the fan", { bandDb: -40, floorDb: -41 });
  expect(order(band, [beside, contender("in quiet", { bandDb: -42, floorDb: -80 })])).toEqual([
    "in quiet",
    "beside the fan",
  ]);
});

test("snr puts the clearest first", () => {
  expect(order(snr, [contender("a", { snrDb: 10 }), contender("b", { snrDb: 12 })])).toEqual(["b", "a"]);
});

test("envelope puts the driest first", () => {
  expect(
    order(envelope, [contender("wet", { envelopeVariance: 0.3 }), contender("dry", { envelopeVariance: 0.6 })]),
  ).toEqual(["dry", "wet"]);
});

test("first puts the earliest first", () => {
  const contenders = [contender("late", {}, { endedAtMs: 1040 }), contender("early", {}, { endedAtMs: 1000 })];
  expect(order(first, contenders)).toEqual(["early", "late"]);
});

test("a gain that was stated counts for rms and band, and one that was learned for auto alone", () => {
  const near = contender("near", { rms: 0.05, bandDb: -35 });
  const loud = { rms: 0.06, bandDb: -33 };
  const stated = [near, contender("sensitive", loud, { gain: { db: 6, uncertaintyDb: 0 } })];
  const learned = [near, contender("sensitive", loud, { gain: { db: 6, uncertaintyDb: 0.5 } })];
  for (const policy of [rms, band]) {
    expect(order(policy, stated)[0]).toBe("near");
    expect(order(policy, learned)[0]).toBe("sensitive");
  }
  expect(order(auto, learned)[0]).toBe("near");
});

describe("auto", () => {
  const known = { db: 0, uncertaintyDb: 0.3 };
  const unknown = { db: 0, uncertaintyDb: 5 };

  test("believes levels where gains are known, and what hangs on no gain where they are not", () => {
    const pair = (gain: Contender["gain"]) => [
      contender("loud", { evenDb: -44, snrDb: 20, envelopeVariance: 0.5 }, { gain }),
      contender("clear", { evenDb: -50, snrDb: 32, envelopeVariance: 0.8 }, { gain }),
    ];
    expect(order(auto, pair(known))[0]).toBe("loud");
    expect(order(auto, pair(unknown))[0]).toBe("clear");
  });

  test("believes levels of unknown gains where they lie as near to each other as distances explain", () => {
    const near = contender("near", { evenDb: -48.5, snrDb: 20 }, { gain: unknown });
    const far = contender("far", { evenDb: -50, snrDb: 21 }, { gain: unknown });
    expect(order(auto, [near, far])[0]).toBe("near");
  });

  test("takes the level of 1.5-6.5 kHz where somebody does not measure all bands", () => {
    const near = contender("near", { bandDb: -30, evenDb: undefined }, { gain: known });
    expect(order(auto, [near, contender("far", { bandDb: -36, evenDb: -10 }, { gain: known })])[0]).toBe("near");
  });

  test("compares no attack where somebody does not measure it", () => {
    const one = contender("one", { attackDb: -2, evenDb: -50 }, { gain: known });
    const other = contender("other", { attackDb: undefined, evenDb: -49 }, { gain: known });
    expect(order(auto, [one, other])[0]).toBe("other");
  });

  test("takes a dry word for a near one where gains are not known", () => {
    const loud = contender("loud", { evenDb: -50, attackDb: -7 }, { gain: unknown });
    const dry = contender("dry", { evenDb: -60, attackDb: -6 }, { gain: unknown });
    expect(order(auto, [loud, dry])[0]).toBe("dry");
  });

  test("takes the drier of two that hear a word as loudly for the one that is spoken at, not the nearer one", () => {
    const nearer = contender("nearer", { attackDb: -7 }, { gain: known });
    const spokenAt = contender("spoken at", { attackDb: -6 }, { gain: known });
    expect(order(auto, [spokenAt, nearer])[0]).toBe("nearer");
  });

  test("believes between rooms that a word with all its highs came through no door", () => {
    const highs = contender("here", { rms: 0.01, evenDb: -50 }, { room: "kitchen", gain: unknown });
    const dull = contender("behind a door", { rms: 0.02, evenDb: -50 }, { room: "study", gain: unknown });
    expect(order(auto, [dull, highs])[0]).toBe("here");
    expect(order(auto, [{ ...dull, room: "kitchen" }, highs])[0]).toBe("behind a door");
  });

  test("picks a room first, then its best relay, however many relays another room has", () => {
    const kitchen = (id: string) => contender(id, { evenDb: -52 }, { room: "kitchen", gain: known });
    const alone = contender("alone", { evenDb: -44 }, { room: "study", gain: known });
    expect(order(auto, [kitchen("a"), kitchen("b"), alone, kitchen("c")])[0]).toBe("alone");
    const better = contender("better", { evenDb: -50 }, { room: "kitchen", gain: known });
    const far = contender("far", { evenDb: -70 }, { room: "study", gain: known });
    expect(order(auto, [kitchen("a"), far, better])).toEqual(["better", "a", "far"]);
  });

  test("whoever is not believed lifts no other relay of its room", () => {
    const liar = contender("liar", { evenDb: 0, snrDb: 90 }, { room: "kitchen", gain: known, disbelieved: true });
    const beside = contender("beside the liar", { evenDb: -60 }, { room: "kitchen", gain: known });
    const near = contender("near", { evenDb: -45 }, { room: "study", gain: known });
    expect(order(auto, [liar, beside, near])).toEqual(["near", "beside the liar", "liar"]);
  });

  test("a preference of 6 dB outweighs 2 dB of level, in the room and between rooms", () => {
    for (const room of ["kitchen", "study"]) {
      const favoured = contender("favoured", { evenDb: -52 }, { room: "kitchen", gain: known, preferenceDb: 6 });
      expect(order(auto, [favoured, contender("other", {}, { room, gain: known })])[0]).toBe("favoured");
    }
  });
});

test("a preference moves a relay up by its decibels", () => {
  for (const policy of Object.values(POLICIES)) {
    expect(order(policy, [contender("b"), contender("a", {}, { preferenceDb: -1 })])).toEqual(["b", "a"]);
    expect(order(policy, [contender("b", {}, { preferenceDb: 1 }), contender("a")])).toEqual(["b", "a"]);
  }
});

test("who is not believed comes last, however loud", () => {
  const liar = contender(
    "liar",
    { rms: 1, bandDb: 0, snrDb: 90, envelopeVariance: 9 },
    { disbelieved: true, endedAtMs: 0 },
  );
  for (const policy of Object.values(POLICIES))
    expect(order(policy, [liar, contender("honest")])).toEqual(["honest", "liar"]);
});

test("ties go to the higher confidence, then the earlier end, then the relay's id", () => {
  const tied = [
    contender("b"),
    contender("a"),
    contender("c", {}, { endedAtMs: 999 }),
    contender("d", { confidence: 0.95 }),
  ];
  for (const [name, policy] of Object.entries(POLICIES)) {
    if (name !== "first") expect(order(policy, tied)).toEqual(["d", "c", "a", "b"]);
  }
});

test("the terms of a contender add up to its score and say what they are made of", () => {
  const contenders = [contender("a", { rms: 0.1 }, { preferenceDb: 2 }), contender("b", { bandDb: -30 })];
  for (const policy of Object.values(POLICIES)) {
    for (const { score, terms } of policy(contenders)) {
      expect(terms.reduce((sum, { value }) => sum + value, 0)).toBeCloseTo(score, 9);
      for (const { because } of terms) expect(because).not.toBe("");
    }
  }
});

test("every policy ranks everybody once, in the same order however they came and whatever they report", () => {
  const number = fc.oneof(fc.double(), fc.double({ min: -90, max: 0 }), fc.constantFrom(0, 1, Number.NaN));
  const one = fc.record({
    evidence: fc.record({
      rms: number,
      bandDb: number,
      floorDb: number,
      evenDb: fc.option(number, { nil: undefined }),
      snrDb: number,
      attackDb: fc.option(number, { nil: undefined }),
      envelopeVariance: number,
      confidence: number,
    }),
    room: fc.constantFrom("kitchen", "study", undefined),
    endedAtMs: number,
    preferenceDb: fc.integer({ min: -6, max: 6 }),
    disbelieved: fc.boolean(),
    gain: fc.record({
      db: fc.double({ min: -20, max: 20, noNaN: true }),
      uncertaintyDb: fc.double({ min: 0, max: 10, noNaN: true }),
    }),
  });
  const several = fc
    .array(one, { minLength: 1, maxLength: 6 })
    .map((all) => all.map(({ evidence, ...others }, i) => contender(`relay-${i}`, evidence, others)));
  fc.assert(
    fc.property(several, fc.integer({ min: 0, max: 5 }), (contenders, turn) => {
      const turned = [...contenders.slice(turn), ...contenders.slice(0, turn)].reverse();
      for (const policy of Object.values(POLICIES)) {
        const ranking = policy(contenders);
        expect(ranking.map(({ relayId }) => relayId).sort()).toEqual(contenders.map(({ relayId }) => relayId).sort());
        expect(order(policy, turned)).toEqual(ranking.map(({ relayId }) => relayId));
      }
    }),
    { seed: fuzzSeed("policies"), numRuns: 500 },
  );
});
