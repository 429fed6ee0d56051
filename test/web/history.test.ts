import { expect, test } from "bun:test";
import { History } from "../../src/web/history.ts";

test("the history keeps the last minute of frames, oldest first", () => {
  const history = new History();
  for (let frame = 0; frame < 2000; frame++) history.push(["alexa"], frame, 0.1, [frame]);
  const { frames } = history.view();
  expect(frames).toHaveLength(750);
  expect([frames[0]?.at, frames.at(-1)?.at]).toEqual([1250, 1999]);
});

test("the history starts anew with another set of models, or another order of them", () => {
  const history = new History();
  history.push(["alexa", "timer"], 1, 0.1, [0.1, 0.2]);
  history.push(["timer", "alexa"], 2, 0.1, [0.3, 0.4]);
  expect(history.view()).toEqual({ models: ["timer", "alexa"], frames: [{ at: 2, rms: 0.1, scores: [0.3, 0.4] }] });
});
