import { describe, expect, test } from "bun:test";
import { AudioTape } from "../../src/relay/audio-tape.ts";
import { OwnCalibration } from "../../src/relay/own-calibration.ts";
import { noise } from "../support/clips.ts";

/** A tape that has heard 3 s of quiet, and listens for 2 s. */
function listening() {
  const tape = new AudioTape(160_000);
  const clock = { nowMs: 0 };
  const hear = (pcm: Int16Array) => {
    for (let at = 0; at < pcm.length; at += 1280) {
      const piece = pcm.subarray(at, at + 1280);
      clock.nowMs += piece.length / 16;
      tape.push(piece, clock.nowMs);
    }
  };
  hear(noise(3, 0.001, 1));
  return { tape, hear, own: new OwnCalibration(tape, 7, 2000) };
}

describe("a relay that is told to listen", () => {
  test("tells what it heard of the burst, and when, as soon as all of it and its tail were heard", () => {
    const { hear, own } = listening();
    hear(noise(1, 0.001, 2));
    hear(noise(0.5, 0.3, 3));
    hear(noise(1.8, 0.001, 4));
    expect(own.answer()).toBeUndefined();
    hear(noise(0.16, 0.001, 5));
    const answer = own.answer();
    expect(answer).toMatchObject({ type: "calibrated", calibration: 7 });
    expect(answer?.atMs).toBeWithin(4000, 4500);
    expect(answer?.evidence?.durationMs).toBeWithin(480, 560);
    expect(answer?.envelope?.levelsDb.length).toBeGreaterThan(40);
  });

  test("says why it heard nothing: it was too quiet, or its sound was lost or muted", () => {
    const quiet = listening();
    quiet.hear(noise(4, 0.001, 2));
    expect(quiet.own.answer()).toEqual({ type: "calibrated", calibration: 7, why: "too_quiet" });
    const lossy = listening();
    lossy.hear(noise(1, 0.001, 2));
    lossy.tape.skip(1280);
    lossy.hear(noise(4, 0.3, 3));
    expect(lossy.own.answer()).toEqual({ type: "calibrated", calibration: 7, why: "sound_lost" });
  });
});
