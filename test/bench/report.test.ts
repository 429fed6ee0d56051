import { expect, test } from "bun:test";
import { parseOptions, UsageError } from "../../bench/accuracy/options.ts";
import { planCorpus } from "../../bench/accuracy/plans.ts";
import { plotSvg } from "../../bench/accuracy/plot.ts";
import { AS_RECORDED } from "../../bench/accuracy/render.ts";
import { markdownTable, settingsName } from "../../bench/accuracy/report.ts";

const point = (threshold: number, missedShare: number, perHour: number) => ({ threshold, missedShare, perHour });

test("plotSvg() draws a line for each model, names it, and knows dark paper", () => {
  const standard = point(0.5, 0.02, 1.5);
  const curves = ["alexa", "<mine>"].map((name) => ({
    name,
    points: [point(0.1, 0, 9), standard, point(0.9, 0.3, 0)],
    standard,
    plain: standard,
  }));
  const svg = plotSvg([{ title: "as recorded", curves }]);
  expect(svg.match(/<polyline/g)).toHaveLength(2);
  expect(svg).toContain("alexa, threshold 0.9: 30.0 % missed, 0.00 an hour");
  expect(svg).toContain("&lt;mine&gt;");
  expect(svg).toContain("prefers-color-scheme:dark");
  expect(svg).not.toContain("NaN");
});

test("markdownTable() aligns figures to the right", () => {
  expect(markdownTable(["model", "missed"], [["alexa", "2/144"]])).toBe(
    "| model | missed |\n| ----- | -----: |\n| alexa |  2/144 |",
  );
});

test("settingsName() says what of the settings matters", () => {
  const plain = { threshold: 0.5, patience: 1, refractoryMs: 2000, sure: undefined, vadThreshold: 0 };
  expect(settingsName(plain)).toBe("0.5");
  expect(settingsName({ ...plain, patience: 2, vadThreshold: 0.8 })).toBe("0.5, 2 frames, voice 0.8");
  expect(settingsName({ ...plain, patience: 2, sure: 0.95 })).toBe("0.5, 2 frames or 0.95");
});

test("planCorpus() uses every clip once, in streams of minutes, the same for the same seed", () => {
  const clips = Array.from({ length: 200 }, (_, index) => ({
    id: `clip/${index}`,
    source: { kind: "sound file" as const, path: `${index}.wav` },
    roughMs: 3000,
  }));
  const plans = planCorpus({ name: "speech", clips }, AS_RECORDED, 1);
  expect(plans.flatMap((plan) => plan.clips.map(({ id }) => id)).toSorted()).toEqual(
    clips.map(({ id }) => id).toSorted(),
  );
  expect(plans.length).toBeWithin(3, 6);
  expect(planCorpus({ name: "speech", clips }, AS_RECORDED, 1)).toEqual(plans);
  expect(planCorpus({ name: "speech", clips }, AS_RECORDED, 2)).not.toEqual(plans);
});

test("the command line writes the documentation only after a full run of everything", () => {
  expect(parseOptions([])).toEqual({ quick: false, help: false, seed: 1, out: "docs" });
  expect(parseOptions(["--quick", "--seed", "7"])).toEqual({ quick: true, help: false, seed: 7 });
  expect(parseOptions(["--model", "alexa"]).out).toBeUndefined();
});

test("the command line refuses what it does not understand", () => {
  expect(() => parseOptions(["--positives", "clips"])).toThrow(UsageError);
  expect(() => parseOptions(["--seed", "x"])).toThrow("whole number");
  expect(() => parseOptions(["--fast"])).toThrow(UsageError);
});
