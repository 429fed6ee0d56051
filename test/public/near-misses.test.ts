import { describe, expect, test } from "bun:test";
import { countRecent, thresholdFor } from "../../public/near-misses.ts";
import { figure } from "../../public/words.ts";
import { model, NOW_MS, nearMiss } from "./states.ts";

const MINUTE_MS = 60_000;

describe("countRecent()", () => {
  test("counts one model's near misses of the last hour", () => {
    const known = [
      nearMiss(5),
      nearMiss(4, { model: "hey_jarvis" }),
      nearMiss(3, { timestamp: NOW_MS - 59 * MINUTE_MS }),
      nearMiss(2, { timestamp: NOW_MS - 60 * MINUTE_MS }),
    ];
    expect(countRecent(known, "alexa", NOW_MS)).toBe("twice");
    expect(countRecent(known, "hey_jarvis", NOW_MS)).toBe("once");
    expect(countRecent(known, "computer", NOW_MS)).toBeNull();
  });

  test("claims no more than is known when the server's list is full within the hour", () => {
    const full = Array.from({ length: 20 }, (_, id) => nearMiss(id, { model: id === 7 ? "hey_jarvis" : "alexa" }));
    expect(countRecent(full, "alexa", NOW_MS)).toBe("at least 19 times");
    expect(countRecent(full, "hey_jarvis", NOW_MS)).toBe("at least once");
    expect(countRecent(full, "computer", NOW_MS)).toBeNull();
  });
});

describe("thresholdFor()", () => {
  const models = [model("alexa", { threshold: 0.5 })];

  test("is a hundredth under the score as it is shown, and lets every score through", () => {
    for (let tenThousandths = 150; tenThousandths < 5000; tenThousandths++) {
      const confidence = tenThousandths / 10_000;
      const threshold = thresholdFor(nearMiss(1, { confidence }), models) ?? Number.NaN;
      expect(threshold).toBeLessThan(confidence);
      expect(figure(threshold + 0.01)).toBe(figure(Math.round(confidence * 100) / 100));
    }
  });

  test("is none where something else was missing", () => {
    for (const missing of ["no_voice", "too_quiet", "cooling", "outdone"] as const) {
      expect(thresholdFor(nearMiss(1, { missing }), models)).toBeNull();
    }
  });

  test("is none where the model is gone, would fire by now, or could never take it", () => {
    expect(thresholdFor(nearMiss(1), [])).toBeNull();
    expect(thresholdFor(nearMiss(1), [model("alexa", { threshold: 0.4 })])).toBeNull();
    expect(thresholdFor(nearMiss(1, { confidence: 0.6 }), models)).toBeNull();
    expect(thresholdFor(nearMiss(1, { confidence: 0.01 }), models)).toBeNull();
  });
});
