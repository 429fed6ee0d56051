import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PARENT_VARIABLE } from "../../src/supervise/parent.ts";
import { WATCH_LIMITS } from "../../src/supervise/worker-watch.ts";
import { HeldUp } from "../support/held-up.ts";
import { descendants, earshotCommand, type RunningEarshot, startEarshot } from "../support/running-earshot.ts";

const DEMO = join(import.meta.dir, "../../demo/alexa.wav");
const LOOP = ["--model", "alexa", "--source", `file:${DEMO}?loop`];
/** A sound system where there is none. */
const NO_SOUND = { PULSE_SERVER: "unix:/nonexistent", JACK_NO_START_SERVER: "1" };

const started: RunningEarshot[] = [];
async function start(...options: Parameters<typeof startEarshot>): Promise<RunningEarshot> {
  const earshot = await startEarshot(...options);
  started.push(earshot);
  return earshot;
}
afterEach(async () => {
  await Promise.all(started.splice(0).map((earshot) => earshot.destroy()));
}, 10_000);

const answers = (earshot: RunningEarshot) => earshot.until("it answers", () => true, 10_000);
const childOf = ({ pid }: RunningEarshot) => descendants(pid)[0] ?? 0;
const gone = (pid: number) =>
  Bun.spawnSync(["ps", "-p", String(pid), "-o", "stat="])
    .stdout.toString()
    .trim() === "";

async function stopsAtOnce(earshot: RunningEarshot, signal: "SIGTERM" | "SIGINT", codes = [0]): Promise<void> {
  using time = new HeldUp(earshot.pid);
  process.kill(earshot.pid, signal);
  expect(codes).toContain(await earshot.exited);
  expect(time.tookMs).toBeLessThan(1000);
}

describe("the two processes", () => {
  test("the child is killed: its parent starts it again at once", async () => {
    const earshot = await start({ args: LOOP });
    await answers(earshot);
    const child = childOf(earshot);
    using time = new HeldUp(earshot.pid);
    process.kill(child, "SIGKILL");
    await earshot.until("another one armed", ({ activation }) => activation.armed && childOf(earshot) !== child);
    expect(time.tookMs).toBeLessThan(6000);
    expect(earshot.log()).toContain("end=SIGKILL");
  }, 25_000);

  test("both stand still for longer than a worker may: none of them is taken for stuck", async () => {
    const earshot = await start({ args: LOOP });
    await earshot.until("armed", ({ activation }) => activation.armed);
    const all = [earshot.pid, childOf(earshot)];
    for (const pid of all) process.kill(pid, "SIGSTOP");
    await Bun.sleep(WATCH_LIMITS.deadMs + 500);
    for (const pid of all) process.kill(pid, "SIGCONT");
    await earshot.until("it is told", () => earshot.log().includes("the program stood still"));
    const { health } = await earshot.until("armed again", ({ activation }) => activation.armed);
    expect(health.workers.map(({ restarts }) => restarts)).toEqual([0, 0, 0]);
    expect(earshot.log()).not.toContain("worker stuck");
  }, 30_000);

  test("the parent is killed: the child ends by itself and frees the port", async () => {
    const earshot = await start({ args: LOOP });
    await answers(earshot);
    const child = childOf(earshot);
    process.kill(earshot.pid, "SIGKILL");
    using time = new HeldUp(child);
    while (!gone(child) && !time.isOver(5000)) await Bun.sleep(50);
    expect(gone(child)).toBe(true);
    expect(time.tookMs).toBeLessThan(3000);
    const next = await start({ args: LOOP, port: earshot.port });
    await answers(next);
  }, 25_000);

  test("systemd is the parent: there is no other", async () => {
    const shell = `SYSTEMD_EXEC_PID=$$ exec ${earshotCommand(false).join(" ")} run --port 0 ${LOOP.join(" ").replace("?", "\\?")}`;
    // What it keeps is kept where it runs.
    const cwd = mkdtempSync(join(tmpdir(), "earshot-"));
    const child = Bun.spawn(["sh", "-c", shell], {
      cwd,
      env: { PATH: process.env.PATH ?? "" },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const decoder = new TextDecoder();
    let printed = "";
    for await (const chunk of child.stderr) {
      printed += decoder.decode(chunk);
      if (printed.includes("page ready")) break;
    }
    expect(descendants(child.pid)).toEqual([]);
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
    rmSync(cwd, { recursive: true });
  }, 15_000);
});

describe("it ends in under a second with exit code 0", () => {
  test.each(["SIGTERM", "SIGINT"] as const)(
    "on %s while it listens",
    async (signal) => {
      const earshot = await start({ args: LOOP });
      await earshot.until("armed", ({ activation }) => activation.armed);
      await stopsAtOnce(earshot, signal);
    },
    15_000,
  );

  test("on SIGTERM while it waits for a microphone", async () => {
    const earshot = await start({ env: NO_SOUND });
    await earshot.until("waiting", ({ audio }) => audio.state === "waiting");
    await stopsAtOnce(earshot, "SIGTERM");
  }, 15_000);

  test.each([100, 400])(
    "on SIGTERM %d ms after its start",
    async (afterMs) => {
      const earshot = await start({ args: LOOP });
      await Bun.sleep(afterMs);
      // Before its first line runs the signal itself ends it, and there is nothing yet to be closed.
      await stopsAtOnce(earshot, "SIGTERM", [0, 143]);
    },
    15_000,
  );
});

describe("the port is taken", () => {
  test("by another program: it says so and ends with exit code 1, once", async () => {
    const other = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const earshot = await start({ args: LOOP, port: other.port });
    using time = new HeldUp(earshot.pid);
    expect(await earshot.exited).toBe(1);
    other.stop(true);
    expect(time.tookMs).toBeLessThan(5000);
    expect(earshot.log()).toContain(`port ${other.port} on 127.0.0.1 is taken: is another earshot running?`);
    expect(earshot.log()).not.toContain("starting it again");
  }, 15_000);

  test("when it was started again, for a moment: it tries until the port is free", async () => {
    const other = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const earshot = await start({ args: LOOP, port: other.port, env: { [PARENT_VARIABLE]: "1" } });
    while (!earshot.log().includes("is taken")) await Bun.sleep(20);
    other.stop(true);
    await answers(earshot);
  }, 15_000);
});
