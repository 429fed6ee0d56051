import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { runLikeExec } from "../../setup/launch.mjs";

const options = { cwd: import.meta.dir, env: process.env };
const launch = join(import.meta.dir, "../../setup/launch.mjs");

/** A process that runs a program by way of runLikeExec() and leaves with its exit code. */
function wrapper(program: string) {
  const outer = `
    import { runLikeExec } from ${JSON.stringify(launch)};
    const command = [process.execPath, "-e", ${JSON.stringify(program)}];
    process.exitCode = await runLikeExec(command, { cwd: "/", env: process.env });`;
  return Bun.spawn([process.execPath, "-e", outer], { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
}

describe("runLikeExec()", () => {
  test("returns the program's exit code", async () => {
    expect(await runLikeExec(["sh", "-c", "exit 75"], options)).toBe(75);
  });

  test("counts a signal as a shell does", async () => {
    expect(await runLikeExec(["sh", "-c", "kill -9 $$"], options)).toBe(137);
  });

  test("returns 126 for a program that cannot be run", async () => {
    expect(await runLikeExec(["/no/such/program"], options)).toBe(126);
  });

  test.each(["SIGTERM", "SIGHUP", "SIGINT"] as const)(
    "passes %s on and keeps the answer's exit code",
    async (signal) => {
      const child = wrapper(`
      process.on("${signal}", () => {
        console.log("got it");
        process.exit(42);
      });
      setInterval(() => {}, 60_000);
      console.log("ready");`);
      const decoder = new TextDecoder();
      let seen = "";
      for await (const bytes of child.stdout) {
        seen += decoder.decode(bytes);
        if (seen === "ready\n") child.kill(signal);
        if (seen.includes("got it\n")) break;
      }
      expect(seen).toBe("ready\ngot it\n");
      expect(await child.exited).toBe(42);
    },
  );
});
