import { describe, expect, test } from "bun:test";
import { describeCalibration, describeGain, describeOutcome } from "../../src/web/gain-words.ts";
import type { CalibrationView } from "../../src/web/schemas/calibration.ts";
import type { RelayView } from "../../src/web/schemas/relays.ts";

const gain = (more: Partial<RelayView["gain"]>): string | null =>
  describeGain({ db: 5.8, uncertaintyDb: 0.7, from: "learned", words: 0, calibrations: 0, movedAt: null, ...more });

describe("what is said of a gain", () => {
  test("names what it was learned from: words, and calibrations by their name", () => {
    expect(gain({ words: 12 })).toBe("gain +5.8 ± 0.7 dB, learned from 12 words");
    expect(gain({ calibrations: 2 })).toBe("gain +5.8 ± 0.7 dB, learned from 2 calibrations");
    expect(gain({ words: 1, calibrations: 1 })).toBe("gain +5.8 ± 0.7 dB, learned from 1 word and 1 calibration");
    expect(gain({ from: "configured", words: 3 })).toBe("gain +5.8 dB, configured");
  });

  test("says why nothing was learned from what was heard, and is nothing where nothing was heard", () => {
    expect(gain({ from: "unknown" })).toBeNull();
    expect(gain({ from: "unknown", words: 4 })).toBe(
      "gain not learned from 4 words: who shares its room is not known (relays.ID.room)",
    );
  });
});

const heard: CalibrationView["relays"][number] = {
  ...{ id: "hall", outcome: "heard", levelDb: -23.1, gainBeforeDb: 0, gainDb: 5.84, uncertaintyDb: 0.9 },
};

describe("what is said of a calibration", () => {
  test("that set gains: what they were and are", () => {
    expect(describeOutcome(heard)).toBe("heard it at -23.1 dB: gain +0.0 → +5.8 ± 0.9 dB");
    const done: CalibrationView = { calibration: 1, phase: "done", set: true, why: null, relays: [heard] };
    expect(describeCalibration(done)).toStartWith("The gains are set.");
  });

  test("of which nothing was learned for want of rooms: that, and both ways to go on", () => {
    const unset = { ...heard, outcome: "room_unknown", gainDb: null, uncertaintyDb: null } as const;
    expect(describeOutcome(unset)).toBe("heard it, but who shares its room is not known");
    const done: CalibrationView = { calibration: 1, phase: "done", set: false, why: "rooms_unknown", relays: [unset] };
    const said = describeCalibration(done);
    for (const part of ["Nothing was learned", "relays.ID.room", "earshot calibrate --one-room"]) {
      expect(said).toContain(part);
    }
    expect(said).not.toContain("gains are set");
  });
});
