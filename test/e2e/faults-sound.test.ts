import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sayIfSynthetic } from "../support/alexa-clips.ts";
import { hears, observe, reasons, untilHealth } from "../support/health.ts";
import { HeldUp } from "../support/held-up.ts";
import { type RunningEarshot, startEarshot } from "../support/running-earshot.ts";
import {
  canMakeVirtualMicrophone,
  startVirtualMicrophone,
  type VirtualMicrophone,
} from "../support/virtual-microphone.ts";

const possible = canMakeVirtualMicrophone();
if (!possible) console.log("skipped: faults of the sound system, which needs pulseaudio");
sayIfSynthetic("faults of the sound system");

const BACK_MS = 5000;

describe.skipIf(!possible)("when the sound system fails", () => {
  let microphone: VirtualMicrophone;
  let earshot: RunningEarshot;

  beforeAll(async () => {
    microphone = await startVirtualMicrophone();
    earshot = await startEarshot({ args: ["--model", "alexa"], env: microphone.env });
  }, 20_000);
  afterAll(async () => {
    await earshot?.destroy();
    await microphone?.stop();
  }, 20_000);

  const samplesComeBack = () =>
    earshot.until("samples come again", ({ activation, audio }) => activation.is_active && audio.state === "open");

  test("killed: red within a second with the reason, tried for ever, back within 5 s of its return, and it hears", async () => {
    await hears(earshot, microphone);
    const logged = earshot.log().length;
    await microphone.kill();
    const red = await untilHealth(earshot, "red", ({ httpStatus }) => httpStatus === 503, 2000);
    expect(reasons(red)).toMatch(/^no_microphone: no audio: .*(broke|no capture device)/);
    expect(red.tookMs).toBeLessThan(1200);
    const waiting = await earshot.until("inactive", ({ activation }) => !activation.is_active, 1500);
    expect(waiting.audio.state).toBe("waiting");
    expect(waiting.activation).toMatchObject({ armed: false, rms: 0 });
    // What it heard last may still be awake for as long as it is held.
    const off = await earshot.until("off", ({ activation }) => activation.state === "off", 3000);
    expect(off.activation.status).toStartWith("Not listening for wake word: no audio");
    const watching = observe(earshot);
    // Long enough that the pauses between two tries are at their longest.
    await Bun.sleep(3500);
    expect((await watching.stop()).turns).toEqual(["down"]);

    await microphone.restart();
    using time = new HeldUp(earshot.pid);
    await samplesComeBack();
    expect(time.tookMs).toBeLessThan(BACK_MS);
    await hears(earshot, microphone);
    expect(earshot.log().slice(logged)).not.toContain("worker");
  }, 40_000);

  test("unplugged: red with the reason; plugged in again: back within 5 s, and it hears", async () => {
    await microphone.unplug();
    const red = await untilHealth(earshot, "red", ({ httpStatus }) => httpStatus === 503, 2500);
    expect(reasons(red)).toMatch(/no_microphone|no_audio/);
    await Bun.sleep(1000);
    await microphone.plug();
    using time = new HeldUp(earshot.pid);
    await samplesComeBack();
    expect(time.tookMs).toBeLessThan(BACK_MS);
    await hears(earshot, microphone);
  }, 40_000);

  test("frozen: red within 2 s and red all the time, started again once, well again by itself when it thaws", async () => {
    microphone.freeze();
    const red = await untilHealth(earshot, "red", ({ httpStatus }) => httpStatus === 503, 2000);
    expect(reasons(red)).toMatch(/no samples for 1 s/);
    const watching = observe(earshot);
    await earshot.until("a new child", () => earshot.log().includes("failures=1"), 12_000);
    expect(earshot.log()).toContain("end=70");
    const late = await untilHealth(earshot, "the reason", (answer) => reasons(answer).startsWith("capture_down"), 6000);
    expect(late.health.reasons[0]?.hint).toContain("sound system");
    // Past the time after which the capture worker is told to end, so that it hangs in a thread that is to close.
    await earshot.until("capture is given up", ({ health }) => health.workers[0]?.state === "dead", 8000);
    const seen = await watching.stop();
    expect(seen.turns).toEqual(["down"]);
    expect(seen.longestGapMs).toBeLessThan(2500);

    microphone.thaw();
    await samplesComeBack();
    await hears(earshot, microphone);
    expect(earshot.log()).not.toContain("failures=2");
  }, 50_000);

  test("SIGTERM while it is frozen ends the program in under a second, with exit code 0", async () => {
    microphone.freeze();
    await earshot.until("capture hangs", ({ health }) => health.workers[0]?.state === "late", 5000);
    const { code, tookMs } = await earshot.stop();
    microphone.thaw();
    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(1000);
  }, 15_000);
});
