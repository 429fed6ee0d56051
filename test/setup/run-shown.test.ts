import { describe, expect, test } from "bun:test";
import { runShown } from "../../setup/run-shown.ts";

const minute = { limitMs: 60_000 };

describe("runShown()", () => {
  test("keeps what both streams said, and the exit code", async () => {
    const program = 'console.log("heard"); console.error("and seen"); process.exit(7);';
    expect(await runShown(["-e", program], import.meta.dir, minute)).toEqual({
      exitCode: 7,
      output: "heard\n\nand seen\n",
    });
  });

  test("kills what does not end by itself", async () => {
    const { exitCode } = await runShown(["-e", "setInterval(() => {}, 60_000);"], import.meta.dir, { limitMs: 50 });
    expect(exitCode).toBe(137);
  });

  test("does not wait for a grandchild that keeps the pipe open", async () => {
    const program =
      'console.log(Bun.spawn(["sleep", "60"], { stdio: ["ignore", "inherit", "inherit"] }).pid); process.exit(0);';
    const { exitCode, output } = await runShown(["-e", program], import.meta.dir, { ...minute, lastWordsMs: 50 });
    process.kill(Number.parseInt(output, 10));
    expect(exitCode).toBe(0);
  });
});
