import { describe, expect, test } from "bun:test";
import { countsOf } from "../../setup/test-counts.ts";

describe("countsOf()", () => {
  test("reads the summary of bun test, tests to do counting as skipped", () => {
    const output =
      "(pass) a\n\n 12 pass\n 1 skip\n 2 todo\n 3 fail\n 1 error\n 40 expect() calls\nRan 18 tests across 2 files. [36.00ms]\n";
    expect(countsOf(output)).toEqual({ passed: 12, failed: 3, skipped: 3 });
  });

  test("sees through colours", () => {
    const output =
      "\n\u001b[32m 1 pass\u001b[0m\n\u001b[2m 0 fail\u001b[0m\nRan 1 test across 1 file. \u001b[2m[3.00ms]\u001b[0m\n";
    expect(countsOf(output)).toEqual({ passed: 1, failed: 0, skipped: 0 });
  });

  test("takes the last summary when tests print one of their own", () => {
    const output =
      "\n 9 pass\n 9 fail\nRan 18 tests across 1 file. [1ms]\n\n 1 pass\n 0 fail\nRan 1 test across 1 file. [1ms]\n";
    expect(countsOf(output)).toEqual({ passed: 1, failed: 0, skipped: 0 });
  });

  test("finds nothing in the output of a run that crashed", () => {
    expect(countsOf("(pass) a\npanic: Segmentation fault\n")).toBeUndefined();
  });
});
