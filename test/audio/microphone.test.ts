import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  canMakeVirtualMicrophone,
  startVirtualMicrophone,
  type VirtualMicrophone,
} from "../support/virtual-microphone.ts";

const recorder = join(import.meta.dir, "../support/record-microphone.ts");
const COUNTER_PERIOD = 20_011;
const TIMEOUT_MS = 20_000;

/** A signal in which every sample is the one before plus one, so that a lost, doubled or moved sample shows; it is never 0. */
function counter(samples: number): Int16Array {
  return Int16Array.from({ length: samples }, (_, i) => (i % COUNTER_PERIOD) + 1000);
}

/** The events that the recorder prints, one at a time. */
async function* events(output: ReadableStream<Uint8Array>): AsyncGenerator<Record<string, unknown>> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of output) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield JSON.parse(line) as Record<string, unknown>;
  }
}

const possible = canMakeVirtualMicrophone();
if (!possible) console.log("skipped: the microphone, which needs pulseaudio and pulseaudio-utils");

describe.skipIf(!possible)("the microphone", () => {
  let microphone: VirtualMicrophone;
  let folder: string;
  const recorders = new Set<Bun.Subprocess>();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "earshot-microphone-test-"));
    microphone = await startVirtualMicrophone();
  });
  afterAll(async () => {
    for (const child of recorders) child.kill("SIGKILL");
    await microphone.stop();
    rmSync(folder, { recursive: true });
  });

  function record(device: string, seconds: number, file = "/dev/null") {
    const child = Bun.spawn([process.execPath, recorder, device, String(seconds), file], {
      env: microphone.env,
      stdout: "pipe",
      stderr: "pipe",
    });
    recorders.add(child);
    const output = events(child.stdout);
    return { child, next: async () => (await output.next()).value, stderr: new Response(child.stderr).text() };
  }

  test(
    "no sample of a counter signal is lost, doubled or moved",
    async () => {
      const file = join(folder, "counter.s16");
      const recording = record("default", 7, file);
      expect(await recording.next()).toMatchObject({ event: "open", description: "default (ALSA, 16000 Hz, 1 ch)" });
      const played = counter(4 * 16_000);
      await microphone.playPcm(played);
      expect(await recording.next()).toMatchObject({ event: "end", overruns: 0 });
      const heard = new Int16Array(await Bun.file(file).arrayBuffer());
      // Zeros are before and behind it.
      expect(Buffer.from(heard.filter((sample) => sample !== 0).buffer).equals(Buffer.from(played.buffer))).toBe(true);
      expect(await recording.stderr).toBe("");
    },
    TIMEOUT_MS,
  );

  test("a device that does not exist is an error that lists what does", async () => {
    const recording = record("USB", 1);
    expect(await recording.next()).toEqual({
      event: "error",
      name: "SourceError",
      message: 'no capture device named "USB": found "pulse", "default" (earshot devices lists them)',
    });
  });

  test("a device is found by its index and by a part of its name", async () => {
    expect(await record("1", 0.1).next()).toMatchObject({ description: "default (ALSA, 16000 Hz, 1 ch)" });
    expect(await record("PUL", 0.1).next()).toMatchObject({ description: "pulse (ALSA, 16000 Hz, 1 ch)" });
  });

  test(
    "a killed sound server breaks the source at once, without a line on the terminal, and a new one can be opened",
    async () => {
      const recording = record("default", 20);
      await recording.next();
      await microphone.kill();
      expect(await recording.next()).toMatchObject({
        event: "error",
        name: "SourceError",
        message: expect.stringContaining('capture device "default": device 1 broke: '),
      });
      expect(await recording.stderr).toBe("");
      await microphone.restart();
      const again = record("default", 0.2);
      await again.next();
      expect(await again.next()).toMatchObject({ event: "end", samples: 3200 });
    },
    TIMEOUT_MS,
  );

  test(
    "a frozen sound server shows as samples that stop; closing waits until it thaws",
    async () => {
      const recording = record("default", 20);
      await recording.next();
      microphone.freeze();
      expect(await recording.next()).toMatchObject({ event: "silent" });
      expect(await recording.next()).toMatchObject({ event: "end" });
      const closed = recording.next();
      expect(await Promise.race([closed, Bun.sleep(300).then(() => "waiting")])).toBe("waiting");
      microphone.thaw();
      expect(await closed).toMatchObject({ event: "closed" });
    },
    TIMEOUT_MS,
  );
});

const jack = Bun.which("jackd") !== null && Bun.which("jack_simple_client") !== null;
if (!jack) console.log("skipped: a device that only knows 48 kHz, which needs jackd2");

test.skipIf(!jack)(
  "a device that only knows 48 kHz is heard at 16 kHz with the right level and pitch",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "earshot-jack-"));
    const env = { ...process.env, JACK_DEFAULT_SERVER: `earshot-${process.pid}`, JACK_NO_AUDIO_RESERVATION: "1" };
    const quiet = { env, stdin: "ignore", stdout: "ignore", stderr: "ignore" } as const;
    // Who is late for a period hears a click, or is thrown out: 85 ms, and 5 s.
    const server = Bun.spawn(
      ["jackd", "--no-realtime", "--no-mlock", "--timeout", "5000", "-d", "dummy", "-r", "48000", "-p", "4096"],
      quiet,
    );
    try {
      await Bun.spawn(["jack_wait", "--wait", "--timeout", "10"], quiet).exited;
      // It plays a sine of 0.2 and 240 Hz (200 samples a turn) on ports of its own, which PortAudio lists as a device.
      const player = Bun.spawn(["jack_simple_client"], quiet);
      const file = join(folder, "tone.s16");
      let output = "";
      const deadline = performance.now() + 10_000;
      while (!output.includes('"end"') && performance.now() < deadline) {
        const child = Bun.spawn([process.execPath, recorder, "simple", "1", file], {
          env,
          stdout: "pipe",
          stderr: "ignore",
        });
        output = await new Response(child.stdout).text();
      }
      player.kill("SIGTERM");
      await player.exited;
      expect(output).toContain("48000 Hz, 1 ch");
      const heard = new Int16Array(await Bun.file(file).arrayBuffer()).subarray(4000, 12_000);
      expect(Math.abs(Math.max(...heard) / (0.2 * 32_767) - 1)).toBeLessThan(0.03);
      const rises = heard.filter((sample, i) => sample >= 0 && (heard[i - 1] ?? 0) < 0).length;
      // One that falls on the edge of the stretch is not seen.
      expect([119, 120]).toContain(rises);
    } finally {
      server.kill("SIGTERM");
      await server.exited;
      rmSync(folder, { recursive: true });
    }
  },
  TIMEOUT_MS,
);
