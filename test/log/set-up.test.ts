import { afterAll, afterEach, beforeEach, describe, expect, spyOn, test } from "bun:test";
import { getLogger, reset } from "@logtape/logtape";
import { setUpLogging } from "../../src/log/set-up.ts";

let lines: string[] = [];
let terminal: ReturnType<typeof spyOn>;
beforeEach(() => {
  lines = [];
  terminal = spyOn(process.stderr, "write").mockImplementation(((text: string) => lines.push(text) > 0) as never);
});
afterEach(() => {
  terminal.mockRestore();
});
afterAll(() => reset());

const LEVELS = ["debug", "info", "warning", "error"] as const;
function logOneOfEach(): void {
  const log = getLogger(["earshot", "capture"]);
  for (const level of LEVELS) log[level](`said ${level}`, { device: "USB mic", count: 3, quoted: 'a="b"', none: null });
}

describe("the log", () => {
  test.each([...LEVELS])("of level %s has that and what is graver", async (level) => {
    await setUpLogging({ level, format: "json" }, "capture");
    logOneOfEach();
    expect(lines.map((line) => JSON.parse(line).message)).toEqual(
      LEVELS.slice(LEVELS.indexOf(level)).map((each) => `said ${each}`),
    );
  });

  test("as text is a line for people: time, level, thread, event, fields", async () => {
    await setUpLogging({ level: "error", format: "text" }, "capture");
    logOneOfEach();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3}Z error {3}capture {3}said error {2}device="USB mic" count=3 quoted="a=\\"b\\"" none=null\n$/,
    );
  });

  test("as json is one object a line, with the fields beside the event", async () => {
    await setUpLogging({ level: "error", format: "json" }, "capture");
    getLogger(["earshot", "web"]).error("two\nlines", { path: "/x\ny" });
    expect(lines).toHaveLength(1);
    expect(lines[0]?.trimEnd()).not.toContain("\n");
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ level: "ERROR", message: "two\nlines", path: "/x\ny" });
  });

  test.each(["text", "json"] as const)(
    "as %s has no digits that mean nothing, and no field that is not there",
    async (format) => {
      await setUpLogging({ level: "error", format }, "web");
      const fields = { afterMs: 12.3456, confidence: 0.98765, count: 3, address: undefined };
      getLogger(["earshot", "web"]).error("granted", fields);
      const line = lines[0] ?? "";
      for (const part of ["afterMs", "12.3", "0.988", "count"]) expect(line).toContain(part);
      for (const part of ["12.34", "0.9876", "address", "undefined"]) expect(line).not.toContain(part);
    },
  );

  test("changes while running", async () => {
    await setUpLogging({ level: "error", format: "text" }, "web");
    logOneOfEach();
    await setUpLogging({ level: "debug", format: "json" }, "web");
    logOneOfEach();
    expect(lines).toHaveLength(1 + 4);
    expect(lines[1]).toStartWith("{");
  });
});
