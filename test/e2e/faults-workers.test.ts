import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { EXIT } from "../../src/supervise/exit-codes.ts";
import { alexaClips, sayIfSynthetic } from "../support/alexa-clips.ts";
import { askHealth, hears, observe, reasons, untilHealth } from "../support/health.ts";
import { HeldUp } from "../support/held-up.ts";
import type { Failing } from "../support/stand-in-worker.ts";
import { type Supervised, startSupervised } from "../support/supervised.ts";
import {
  canMakeVirtualMicrophone,
  startVirtualMicrophone,
  type VirtualMicrophone,
} from "../support/virtual-microphone.ts";

const possible = canMakeVirtualMicrophone();
if (!possible) console.log("skipped: the death of real workers, which needs pulseaudio");
sayIfSynthetic("the death of workers");

const MODELS = "wake: { models: { alexa: } }\n";
/** A word that nobody says, from a source that takes no sound system. */
const QUIET = `${MODELS}audio: { source: "file:${alexaClips(1)[0]}?loop" }\n`;

describe.skipIf(!possible)("when a worker dies, it is started again and the rest goes on:", () => {
  let microphone: VirtualMicrophone;
  let earshot: Supervised;

  beforeAll(async () => {
    microphone = await startVirtualMicrophone();
    earshot = await startSupervised({ env: microphone.env, config: MODELS });
    await hears(earshot, microphone);
  }, 30_000);
  afterAll(async () => {
    await earshot?.destroy();
    await microphone?.stop();
  }, 20_000);

  const restartsOf = async (name: string) =>
    (await askHealth(earshot)).health.workers.find((worker) => worker.name === name)?.restarts;
  const diesAndRises = async (name: "capture" | "inference") => {
    const before = await earshot.until("armed", ({ activation }) => activation.armed);
    const watching = observe(earshot);
    earshot.terminate(name);
    const why = `${name}_down: ${name} is not running: it closed without a word`;
    const red = await untilHealth(earshot, "red with the reason", (answer) => reasons(answer).startsWith(why), 1000);
    expect(red.httpStatus).toBe(503);
    await earshot.until("armed", ({ activation }) => activation.armed);
    await untilHealth(earshot, "green", ({ health }) => health.status === "ok", 1000);
    await Bun.sleep(100);
    // It was never green between its death and the moment when a word would be noticed again: then it stays green.
    const seen = await watching.stop();
    expect(seen.answered).toBe(seen.asked);
    expect(seen.turns.filter((status) => status === "ok")).toHaveLength(seen.turns[0] === "ok" ? 2 : 1);
    const after = await earshot.state();
    expect(after.detections).toEqual(before.detections);
    expect(await restartsOf(name)).toBe(1);
  };

  test("capture, which then finds devices that come and go", async () => {
    await diesAndRises("capture");
    // What the dead thread had opened is closed: a device that can be opened once could not be opened again.
    expect(await microphone.listeners()).toBe(1);
    await microphone.unplug();
    await untilHealth(earshot, "red", ({ httpStatus }) => httpStatus === 503, 2500);
    await microphone.kill();
    await microphone.restart();
    await hears(earshot, microphone);
  }, 40_000);

  test("inference, which does not tell again what it heard before", async () => {
    await diesAndRises("inference");
    await hears(earshot, microphone);
  }, 30_000);

  test("web: the page is back on its port, with the activation, the detections and the settings it had", async () => {
    await earshot.post("/api/config", { audio: { gain: 1 } });
    await hears(earshot, microphone);
    const before = await earshot.state();
    expect(before.activation.state).toBe("awake");
    using time = new HeldUp(earshot.pid);
    earshot.terminate("web");
    const after = await earshot.until(
      "started again",
      ({ health }) => health.workers.find(({ name }) => name === "web")?.restarts === 1,
      5000,
    );
    expect(time.tookMs).toBeLessThan(3000);
    expect(after.activation.sequence).toBeGreaterThanOrEqual(before.activation.sequence);
    expect(after.detections.map(({ id }) => id)).toEqual(before.detections.map(({ id }) => id));
    expect(await (await fetch(`${earshot.url}/api/config`)).json()).toMatchObject({ audio: { gain: 1 } });
    await hears(earshot, microphone);
  }, 30_000);

  test("web while muted: it stays muted", async () => {
    await earshot.post("/api/mute", { muted: true });
    earshot.terminate("web");
    const after = await earshot.until(
      "started again",
      ({ health }) => health.workers.find(({ name }) => name === "web")?.restarts === 2,
      5000,
    );
    expect(after.audio).toMatchObject({ muted: true, state: "muted" });
  }, 15_000);
});

describe("a worker that fails in its own way", () => {
  const limits = { lateMs: 500, deadMs: 1500, hungMs: 500 };

  test.each<[Failing, string]>([
    ["reject", "the stand-in rejected"],
    ["hang in JavaScript", "it stopped beating"],
    ["hang in Atomics.wait", "it stopped beating"],
  ])(
    "(%s) is started again, the others go on, and the page says what it died of",
    async (failing, lastError) => {
      const earshot = await startSupervised({
        config: QUIET,
        limits,
        standIns: { inference: { failing, lives: 1 } },
      });
      try {
        const red = await untilHealth(earshot, "told", (answer) => reasons(answer).includes(lastError), 8000);
        expect(red.httpStatus).toBe(503);
        expect(red.health.workers.find(({ name }) => name === "inference")?.lastError).toBe(lastError);
        const well = await earshot.until("models listen", ({ models }) => models[0]?.state === "listening", 10_000);
        expect(well.health.workers.find(({ name }) => name === "inference")).toMatchObject({ restarts: 1, lastError });
        expect(well.health.workers.filter(({ name }) => name !== "inference").map(({ restarts }) => restarts)).toEqual([
          0, 0,
        ]);
      } finally {
        await earshot.destroy();
      }
    },
    25_000,
  );

  test("(hang in native code) ends the program with exit code 70", async () => {
    const earshot = await startSupervised({
      config: QUIET,
      limits,
      standIns: { inference: { failing: "hang in native code", lives: 1 } },
    });
    try {
      expect(await earshot.exited).toBe(EXIT.hung);
      expect(earshot.log()).toContain("worker hangs in native code");
    } finally {
      await earshot.destroy();
    }
  }, 15_000);
});
