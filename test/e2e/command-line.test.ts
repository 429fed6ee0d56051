import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StateView } from "../../src/web/schemas/state.ts";
import { alexaClips } from "../support/alexa-clips.ts";
import { noise } from "../support/clips.ts";
import { freePort } from "../support/free-port.ts";
import {
  earshotCommand,
  type Outcome,
  type RunningEarshot,
  runCommand,
  startEarshot,
} from "../support/running-earshot.ts";
import {
  canMakeVirtualMicrophone,
  startVirtualMicrophone,
  type VirtualMicrophone,
} from "../support/virtual-microphone.ts";

const NO_MICROPHONE = { PULSE_SERVER: "unix:/nowhere/native", JACK_NO_START_SERVER: "1" };

const possible = canMakeVirtualMicrophone();
if (!possible) console.log("skipped: commands to a running program, which need pulseaudio");

/** One JSON value a line. */
function lines({ stdout }: Pick<Outcome, "stdout">): readonly Record<string, unknown>[] {
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe.skipIf(!possible)("the command line, beside a running program", () => {
  let microphone: VirtualMicrophone;
  let earshot: RunningEarshot;
  let folder: string;

  const run = (command: string, ...args: readonly string[]) =>
    runCommand([command, "--port", String(earshot.port), ...args], { env: microphone.env, folder });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "earshot-command-line-"));
    microphone = await startVirtualMicrophone();
    earshot = await startEarshot({ args: ["--model", "alexa"], env: microphone.env });
    // A room that is never quite silent, and whose microphone works.
    void microphone.playPcm(noise(60, 0.02, 7)).catch(() => {});
    await earshot.until("armed", ({ activation }) => activation.armed);
  }, 20_000);
  afterAll(async () => {
    await earshot?.destroy();
    await microphone?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 20_000);

  test("state says what it does, for people and for programs", async () => {
    const [forPeople, forPrograms] = await Promise.all([run("state"), run("state", "--json")]);
    expect(forPeople.code).toBe(0);
    expect(forPeople.stdout).toContain("Listening for wake word... (RMS: 0.01)");
    expect(forPeople.stdout).toMatch(/health +ok/);
    expect(forPrograms.code).toBe(0);
    const state = JSON.parse(forPrograms.stdout) as StateView;
    expect(state.activation.armed).toBe(true);
    expect(state.models.map(({ name }) => name)).toEqual(["alexa"]);
  }, 20_000);

  test("state --watch tells it again and again", async () => {
    const args = ["state", "--port", String(earshot.port), "--watch", "--json"];
    const watching = Bun.spawn([...earshotCommand(false), ...args], {
      env: microphone.env,
      cwd: folder,
      stdin: "ignore",
    });
    let stdout = "";
    for await (const chunk of watching.stdout.pipeThrough(new TextDecoderStream())) {
      stdout += chunk;
      if (stdout.split("\n").length > 4) break;
    }
    watching.kill("SIGTERM");
    await watching.exited;
    const states = lines({ stdout: stdout.slice(0, stdout.lastIndexOf("\n")) }) as unknown as readonly StateView[];
    const times = states.map(({ now }) => now);
    expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
  }, 20_000);

  test("state --simulate wakes it for as long as was asked, and everybody sees that it is no real word", async () => {
    const live = await earshot.watch();
    const simulating = run("state", "--simulate", "alexa", "--for", "1s");
    const awake = await earshot.until("awake", ({ activation }) => activation.state === "awake");
    expect(awake.activation).toMatchObject({ model: "alexa", is_listening: true });
    const over = await earshot.until("over", ({ activation }) => activation.state === "armed");
    const lastedMs = over.activation.since - awake.activation.since;
    expect(lastedMs).toBeGreaterThanOrEqual(990);
    expect(lastedMs).toBeLessThan(1400);
    const { code, stdout } = await simulating;
    live.close();
    expect(code).toBe(0);
    expect(stdout).toMatch(/simulated alexa for 1000 ms\nawake: .*\narmed: /);
    expect((await earshot.detections())[0]).toMatchObject({ model: "alexa", simulated: true });
    expect(live.messages.filter(({ type }) => type === "detection")).toMatchObject([
      { detection: { simulated: true } },
    ]);
  }, 20_000);

  test("reset ends an activation", async () => {
    await earshot.post("/api/simulate", { model: "alexa", forMs: 60_000 });
    await earshot.until("awake", ({ activation }) => activation.is_listening);
    const { code, stdout } = await run("reset");
    expect(code).toBe(0);
    expect(stdout).toContain("reset");
    const { activation } = await earshot.get<StateView>("/api/state");
    expect(activation.is_listening).toBe(false);
    await earshot.until("deaf for 2 s", ({ activation: { state } }) => state === "off");
    await earshot.until("armed", ({ activation: { armed } }) => armed);
  }, 20_000);

  test("doctor is green where all is well, and measures the microphone and the running program itself", async () => {
    const { code, stdout } = await run("doctor", "--model", "alexa", "--json");
    const { ok, findings } = JSON.parse(stdout) as {
      readonly ok: boolean;
      readonly findings: readonly { readonly name: string; readonly level: string; readonly message: string }[];
    };
    expect(findings.filter(({ level }) => level !== "ok")).toEqual([]);
    expect({ code, ok }).toEqual({ code: 0, ok: true });
    const said = (name: string) => findings.find((finding) => finding.name === name)?.message;
    expect(said("microphone")).toMatch(/peak 0\.02\d+, RMS 0\.01\d+ over a second/);
    expect(said("running")).toContain(`${earshot.port} says ok`);
    expect(said("detection")).toMatch(/scores (0\.9\d|1\.00)/);
    expect(said("configuration")).toBe(
      `there is no ${join(folder, "earshot.yaml")}: defaults hold, and over it --port, --model`,
    );
    expect(said("changes")).toContain(join(folder, "earshot.yaml"));
    expect(said("sound server")).toEndWith(" answers");
    expect(said("sound devices")).toBeString();
  }, 20_000);

  test("doctor is red without a microphone, and says what to do", async () => {
    const args = ["doctor", "--model", "alexa", "--port", String(freePort())];
    const { code, stdout } = await runCommand(args, { env: NO_MICROPHONE, folder });
    expect(code).toBe(1);
    expect(stdout).toMatch(/✗ microphone .*\n +→ /);
    expect(stdout).toContain("! sound server   PULSE_SERVER names unix:/nowhere/native, which does not answer");
    expect(stdout).toContain("1 thing is not well");
  }, 20_000);

  test("devices and models list what there is, and fail where there is nothing", async () => {
    const [devices, none, models] = await Promise.all([
      runCommand(["devices", "--json"], { env: microphone.env, folder }),
      runCommand(["devices", "--json"], { env: NO_MICROPHONE, folder }),
      run("models", "--json"),
    ]);
    expect(devices.code).toBe(0);
    expect(JSON.parse(devices.stdout)).toMatchObject([{ index: 0, name: "pulse" }, { name: "default" }]);
    expect(none).toMatchObject({ code: 1, stdout: "[]\n" });
    expect(models.code).toBe(0);
    const alexa = (JSON.parse(models.stdout) as readonly { readonly name: string }[]).find(
      ({ name }) => name === "alexa",
    );
    expect(alexa).toMatchObject({ enabled: true, phrase: "alexa", threshold: 0.35, error: null });
  }, 20_000);

  test("listen tells each frame's scores, each word, and a summary, one JSON object a line", async () => {
    const [path = ""] = alexaClips(1);
    const listened = await runCommand(["listen", "--model", "alexa", "--json", "--scores", path], { folder });
    expect(listened).toMatchObject({ code: 0, stderr: "" });
    const told = lines(listened);
    const scores = told.filter(({ type }) => type === "scores");
    expect(scores.map(({ atMs }) => atMs)).toEqual(scores.map((_, index) => (index + 1) * 80));
    expect(scores[0]).toEqual({ type: "scores", file: path, atMs: 80, scores: { alexa: expect.any(Number) } });
    const detections = told.filter(({ type }) => type === "detection");
    expect(detections).toEqual([
      {
        type: "detection",
        file: path,
        model: "alexa",
        label: "alexa",
        confidence: expect.any(Number),
        atMs: expect.any(Number),
      },
    ]);
    const frame = scores.find(({ atMs }) => atMs === detections[0]?.atMs);
    expect(frame?.scores).toEqual({ alexa: detections[0]?.confidence });
    expect(told.at(-1)).toEqual({
      type: "summary",
      files: 1,
      failed: 0,
      detections: 1,
      audioMs: expect.any(Number),
      tookMs: expect.any(Number),
    });
  }, 20_000);
});
