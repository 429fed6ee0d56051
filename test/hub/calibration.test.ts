import { describe, expect, test } from "bun:test";
import { type BurstReport, Calibration } from "../../src/hub/calibration.ts";
import { NEAR } from "../support/plain-relay.ts";

const heard = (atMs: number | undefined, snrDb = 25): BurstReport => ({
  ...{ kind: "heard", atMs, evidence: { ...NEAR, snrDb } },
  envelope: { levelsDb: [-30, -40], endsAt: 1, floorDb: -70 },
});

function begun(asked: readonly string[], cannot: readonly string[] = []) {
  const clock = { nowMs: 1000 };
  const calibration = new Calibration(() => clock.nowMs);
  const number = calibration.begin(5000, asked, cannot);
  const ids = () => calibration.look()?.map(({ relayId }) => relayId);
  const outcomes = () =>
    Object.fromEntries((calibration.record?.relays ?? []).map(({ relayId, outcome }) => [relayId, outcome]));
  return { clock, calibration, number, ids, outcomes };
}

describe("a calibration", () => {
  test("is over as soon as all have answered, and tells once who heard the same sound", () => {
    const { clock, calibration, number, ids, outcomes } = begun(["a", "b"], ["old"]);
    expect(calibration.record).toMatchObject({ number: 1, phase: "listening" });
    calibration.answer("a", number, heard(3000));
    expect(ids()).toBeUndefined();
    clock.nowMs += 5001;
    expect(calibration.record?.phase).toBe("measuring");
    expect(outcomes()).toEqual({ a: "heard", b: "waited_for", old: "cannot" });
    calibration.answer("b", number, heard(3050));
    expect(calibration.isOpen).toBe(true);
    expect(ids()).toEqual(["a", "b"]);
    expect(ids()).toBeUndefined();
    expect(calibration.isOpen).toBe(false);
    expect(calibration.record?.phase).toBe("done");
    expect(calibration.record?.relays[0]?.levelDb).toBeCloseTo(-20);
  });

  test("waits for nobody for longer than a sound may take, and says who did not answer", () => {
    const { clock, calibration, number, ids, outcomes } = begun(["a", "b", "c"]);
    calibration.answer("a", number, heard(3000));
    calibration.answer("b", number, { kind: "unheard", why: "too_quiet" });
    clock.nowMs += 8399;
    expect(ids()).toBeUndefined();
    clock.nowMs += 1;
    expect(ids()).toEqual(["a"]);
    calibration.answer("c", number, heard(3000));
    expect(outcomes()).toEqual({ a: "heard", b: "too_quiet", c: "no_answer" });
  });

  test("tells a sound from others at other times: that which most have heard, or the clearer", () => {
    const most = begun(["a", "b", "c"]);
    most.calibration.answer("a", 1, heard(1200, 60));
    most.calibration.answer("b", 1, heard(3000));
    most.calibration.answer("c", 1, heard(3390));
    expect(most.ids()).toEqual(["b", "c"]);
    expect(most.outcomes()).toEqual({ a: "other_sound", b: "heard", c: "heard" });
    const clearer = begun(["a", "b"]);
    clearer.calibration.answer("a", 1, heard(1200, 20));
    clearer.calibration.answer("b", 1, heard(3000, 30));
    expect(clearer.ids()).toEqual(["b"]);
  });

  test("believes one whose clock is not known that it was the same sound", () => {
    const { calibration, ids } = begun(["a", "b"]);
    calibration.answer("a", 1, heard(undefined));
    calibration.answer("b", 1, heard(3000));
    expect(ids()).toEqual(["a", "b"]);
  });

  test("takes the first answer of each, from those whom it asked, and none to an older question", () => {
    const { calibration, number, ids } = begun(["a", "b"]);
    calibration.answer("stranger", number, heard(3000));
    calibration.answer("a", number, { kind: "unheard", why: "sound_lost" });
    calibration.answer("a", number, heard(3000));
    calibration.answer("b", number - 1, heard(3000));
    expect(ids()).toBeUndefined();
    const next = calibration.begin(1000, ["a"], []);
    calibration.answer("b", number, heard(3000));
    calibration.answer("a", next, heard(9000));
    expect(ids()).toEqual(["a"]);
  });

  test("that nobody heard tells nobody", () => {
    const { calibration, number, ids } = begun(["a"]);
    calibration.answer("a", number, { kind: "unheard", why: "too_quiet" });
    expect(ids()).toEqual([]);
    expect(new Calibration(() => 0).record).toBeUndefined();
  });
});
