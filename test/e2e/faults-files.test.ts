import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { modelPath } from "../../src/wake/model-files.ts";
import type { StateView } from "../../src/web/schemas/state.ts";
import { askHealth, reasons, untilHealth } from "../support/health.ts";
import { type RunningEarshot, startEarshot } from "../support/running-earshot.ts";

const DEMO = join(import.meta.dir, "../../demo/alexa.wav");
const LOOP = ["--source", `file:${DEMO}?loop`];

describe("models whose files are broken", () => {
  let folder: string;
  let earshot: RunningEarshot;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "earshot-models-"));
    const head = await Bun.file(await modelPath("alexa_v0.1.onnx")).bytes();
    const altered = head.slice();
    altered.fill(0xff, 100, 400);
    await Bun.write(join(folder, "whole.onnx"), head);
    await Bun.write(join(folder, "truncated.onnx"), head.subarray(0, head.length / 2));
    await Bun.write(join(folder, "altered.onnx"), altered);
    await Bun.write(join(folder, "empty.onnx"), "");
    await Bun.write(join(folder, "text.onnx"), "this is no model\n".repeat(100));
    await Bun.write(join(folder, "wrong_head.onnx"), await Bun.file(await modelPath("melspectrogram.onnx")).bytes());
    const broken = ["truncated", "altered", "empty", "text", "wrong_head", "missing"];
    const entries = ["whole", ...broken].map((name) => `    ${name}: { file: "${join(folder, `${name}.onnx`)}" }`);
    const config = `wake:\n  models:\n${entries.join("\n")}\n    no_such_name:\n`;
    earshot = await startEarshot({ args: LOOP, config });
    await earshot.until("the whole one listens", ({ models }) => models.some(({ state }) => state === "listening"));
  }, 20_000);
  afterAll(async () => {
    await earshot?.destroy();
    rmSync(folder, { recursive: true, force: true });
  }, 10_000);

  test("are refused by name and path, each with its reason, and health is not ok", async () => {
    const answer = await askHealth(earshot);
    expect(answer.health.status).not.toBe("ok");
    const said = reasons(answer);
    const why = {
      truncated: /truncated.onnx/,
      altered: /altered.onnx/,
      empty: /empty.onnx/,
      text: /text.onnx/,
      wrong_head: /a wake-word head needs one input/,
      missing: /cannot read .*missing.onnx/,
      no_such_name: /no wake word is called "no_such_name"/,
    };
    for (const [name, reason] of Object.entries(why)) {
      expect(said).toMatch(reason);
      const model = (await earshot.get<StateView>("/api/state")).models.find((candidate) => candidate.name === name);
      expect(model).toMatchObject({ state: "failed", error: expect.stringMatching(reason) });
    }
    expect(earshot.log()).not.toContain("worker died");
  }, 10_000);

  test("do not keep the others from hearing", async () => {
    const heard = await earshot.until("heard", ({ detections }) => detections.length > 0, 10_000);
    expect(heard.detections[0]?.model).toBe("whole");
  }, 15_000);
});

test("a program all of whose models are broken runs, is red and says which", async () => {
  const earshot = await startEarshot({ args: LOOP, config: "wake: { models: { alexia: } }\n" });
  try {
    const { httpStatus, health } = await untilHealth(
      earshot,
      "it says why",
      // The supervisor may not have seen yet that the worker is done with loading.
      (answer) => reasons(answer).startsWith("model_failed: ") && reasons(answer).includes("alexia"),
      8000,
    );
    expect(httpStatus).toBe(503);
    expect(health.reasons[0]).toMatchObject({ code: "model_failed", severity: "down" });
    const { activation } = await earshot.get<StateView>("/api/state");
    expect(activation).toMatchObject({ armed: false, state: "off" });
    expect(activation.status).toContain("alexia");
    // It is mended while running.
    await earshot.post("/api/config", { wake: { models: { alexia: null, alexa: {} } } });
    await untilHealth(earshot, "mended", (answer) => answer.health.status === "ok", 8000);
  } finally {
    await earshot.destroy();
  }
}, 25_000);

describe("a disk that takes nothing", () => {
  // Not even root can make a file there.
  const NOWHERE = "/proc/self/earshot";

  test("a change of the configuration is applied, says that it is not written, and survives the next", async () => {
    const folder = mkdtempSync(join(tmpdir(), "earshot-full-"));
    const earshot = await startEarshot({ args: LOOP, env: {}, folder, config: "wake: { models: { alexa: } }\n" });
    try {
      await earshot.until("armed", ({ activation }) => activation.armed);
      // A folder in its place, with something in it, cannot be replaced by a file.
      rmSync(join(folder, "earshot.yaml"));
      mkdirSync(join(folder, "earshot.yaml", "full"), { recursive: true });
      const first = await earshot.post("/api/config", { audio: { gain: 3 } });
      expect(first).toMatchObject({ status: 200, body: { applied: ["audio.gain"], written: false } });
      expect((first.body as { warning: string }).warning).toContain("earshot.yaml");
      await earshot.post("/api/config", { activation: { hold: "1s" } });
      expect(await earshot.get("/api/config")).toMatchObject({ audio: { gain: 3 }, activation: { hold: 1000 } });
      const { activation } = await earshot.get<StateView>("/api/state");
      expect(activation.is_active).toBe(true);
    } finally {
      await earshot.destroy();
      rmSync(folder, { recursive: true, force: true });
    }
  }, 20_000);

  test("the state file cannot be written: the API answers from memory, and health says so", async () => {
    const config = `wake: { models: { alexa: } }\nactivation_system: { method: file, file: ${NOWHERE}/state.json }\n`;
    const earshot = await startEarshot({ args: LOOP, config });
    try {
      await earshot.until("armed", ({ activation }) => activation.armed);
      // While its models are compiled sound waits: that is told too, and over soon.
      await earshot.until("caught up", ({ health }) => health.reasons.every(({ code }) => code !== "lagging"));
      const { health, httpStatus } = await askHealth(earshot);
      expect(httpStatus).toBe(200);
      expect(health.status).toBe("degraded");
      expect(health.reasons.map(({ code, message }) => `${code} ${message}`).join()).toMatch(
        /^state_file .*\/proc\/self\/earshot/,
      );
    } finally {
      await earshot.destroy();
    }
  }, 20_000);

  test("the state file is spoilt by somebody else: the API answers from memory", async () => {
    const folder = mkdtempSync(join(tmpdir(), "earshot-spoilt-"));
    const file = join(folder, "state.json");
    const config = `activation_system: { method: file, file: ${file}, update_rate: 60s }\nwake: { models: { alexa: } }\n`;
    const earshot = await startEarshot({ args: LOOP, config });
    try {
      await earshot.until("armed", ({ activation }) => activation.armed);
      for (const spoilt of ["", "{", "null", '{"state":{}}', "\0\0\0"]) {
        await Bun.write(file, spoilt);
        expect(await earshot.get("/api/activation")).toMatchObject({ armed: true, is_active: true });
      }
    } finally {
      await earshot.destroy();
      rmSync(folder, { recursive: true, force: true });
    }
  }, 20_000);
});
