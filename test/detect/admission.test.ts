import { describe, expect, test } from "bun:test";
import { Admission, type Judged } from "../../src/detect/admission.ts";

const hit = (model: string, confidence: number, atMs: number) => ({ model, confidence, atMs });
const rules = { cooldownMs: 0, leastRms: 0, multiTrigger: true };
type Hit = ReturnType<typeof hit>;
/** Those that count. */
const admitted = (judged: readonly Judged<Hit>[]) =>
  judged.filter(({ verdict }) => verdict === "detection").map(({ candidate }) => candidate.model);

describe("admission", () => {
  test("lets everything through where nothing is asked for", () => {
    const admission = new Admission(rules);
    expect(admitted(admission.judge([], 0))).toEqual([]);
    expect(admitted(admission.judge([hit("a", 0.5, 1), hit("b", 0.9, 1)], 0))).toEqual(["a", "b"]);
    expect(admitted(admission.judge([hit("a", 0.5, 1)], 0))).toEqual(["a"]);
  });

  test("lets nothing through for the cooldown after any detection, of whichever word", () => {
    const admission = new Admission({ ...rules, cooldownMs: 3000 });
    expect(admitted(admission.judge([hit("a", 0.9, 1000)], 1))).toEqual(["a"]);
    expect(admitted(admission.judge([hit("b", 0.9, 3999)], 1))).toEqual([]);
    expect(admitted(admission.judge([hit("b", 0.9, 4000)], 1))).toEqual(["b"]);
  });

  test("does not begin the cooldown anew for what it did not let through", () => {
    const admission = new Admission({ ...rules, cooldownMs: 3000 });
    for (let atMs = 0; atMs < 3000; atMs += 500) admission.judge([hit("a", 0.9, atMs)], 1);
    expect(admitted(admission.judge([hit("a", 0.9, 3000)], 1))).toEqual(["a"]);
  });

  test("wants the room to have been loud enough", () => {
    const admission = new Admission({ ...rules, leastRms: 0.01, cooldownMs: 3000 });
    expect(admitted(admission.judge([hit("a", 0.9, 0)], 0.0099))).toEqual([]);
    expect(admitted(admission.judge([hit("a", 0.9, 80)], 0.01))).toEqual(["a"]);
  });

  test("lets the surest of several words through where only one may", () => {
    const admission = new Admission({ ...rules, multiTrigger: false });
    expect(admitted(admission.judge([hit("a", 0.6, 0), hit("b", 0.9, 0), hit("c", 0.7, 0)], 1))).toEqual(["b"]);
    expect(admitted(admission.judge([hit("a", 0.6, 80)], 1))).toEqual(["a"]);
  });

  test("goes by new settings from the next frame on, and keeps the time of the last detection", () => {
    const admission = new Admission(rules);
    admission.judge([hit("a", 0.9, 1000)], 1);
    admission.settings = { ...rules, cooldownMs: 500 };
    expect(admitted(admission.judge([hit("a", 0.9, 1400)], 1))).toEqual([]);
    admission.settings = rules;
    expect(admitted(admission.judge([hit("a", 0.9, 1400)], 1))).toEqual(["a"]);
  });
});
