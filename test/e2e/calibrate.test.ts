// A hub and two relays as real processes on loopback, one of which only sends its sound: one loud sound sets their gains.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RelayView } from "../../src/web/schemas/relays.ts";
import { noise } from "../support/clips.ts";
import { encodeWav } from "../support/encode-wav.ts";
import { freePort } from "../support/free-port.ts";
import {
  descendants,
  earshotCommand,
  type RunningEarshot,
  runCommand,
  startEarshot,
} from "../support/running-earshot.ts";

const PIECE = 1280;
const QUIET = 0.001;
/** Of the second relay's microphone: 8 dB less. */
const SOFTER = 10 ** (-8 / 20);

describe("earshot calibrate", () => {
  const folder = mkdtempSync(join(tmpdir(), "earshot-calibrate-"));
  const port = freePort();
  const children: { readonly pid: number; readonly stdin: { write(bytes: Uint8Array): unknown; flush(): unknown } }[] =
    [];
  let burst: Int16Array = new Int16Array(0);
  let timer: Timer;
  let hub: RunningEarshot;

  const relays = async () => (await hub.get<{ relays: RelayView[] }>("/api/relays")).relays;

  beforeAll(async () => {
    await Bun.write(join(folder, "quiet.wav"), encodeWav(noise(10, QUIET, 9)));
    hub = await startEarshot({
      ...{ port, args: ["--model", "alexa", "--source", `file:${join(folder, "quiet.wav")}?loop`] },
      config: "name: hall\nrelays: { loud: { room: den }, soft: { room: den } }\n",
    });
    for (const [id, more] of [
      ["loud", []],
      ["soft", ["--audio-only"]],
    ] as const) {
      const flags = [
        "--hub",
        hub.url,
        "--id",
        id,
        "--model",
        "alexa",
        "--source",
        "stdin",
        "--port",
        String(freePort()),
      ];
      children.push(
        Bun.spawn([...earshotCommand(false), "relay", ...flags, ...more], {
          ...{ cwd: folder, env: { PATH: process.env.PATH ?? "", HOME: folder } },
          ...{ stdin: "pipe", stdout: "ignore", stderr: "ignore" },
        }),
      );
    }
    for (const endMs = performance.now() + 20_000; performance.now() < endMs; await Bun.sleep(50)) {
      if ((await relays().catch(() => [])).filter(({ connected }) => connected).length === 3) break;
    }
    // Sound that had waited for them to start would be heard late.
    const beganMs = performance.now();
    let pieces = 0;
    timer = setInterval(() => {
      for (; (pieces * PIECE) / 16 <= performance.now() - beganMs; pieces++) {
        const said = new Int16Array(PIECE);
        said.set(burst.subarray(0, PIECE));
        burst = burst.subarray(PIECE);
        for (const [i, { stdin }] of children.entries()) {
          const room = noise(PIECE / 16_000, QUIET, 2 * pieces + i);
          const heard = said.map((sample, at) => Math.round(sample * (i === 0 ? 1 : SOFTER)) + (room[at] ?? 0));
          stdin.write(new Uint8Array(heard.buffer));
          stdin.flush();
        }
      }
    }, 20);
    // What they listened to last must be sound.
    await Bun.sleep(1500);
  }, 40_000);

  afterAll(async () => {
    clearInterval(timer);
    for (const { pid } of children) {
      for (const each of [...descendants(pid), pid]) {
        try {
          process.kill(each, "SIGKILL");
        } catch {
          // It has ended already.
        }
      }
    }
    await hub?.destroy();
    rmSync(folder, { recursive: true });
  });

  test("sets the gains by one burst, names who heard it, and they are kept", async () => {
    const calibrate = async () => {
      const calibrating = runCommand(["calibrate", "--port", String(port), "--json"], { folder });
      for (const endMs = performance.now() + 5000; performance.now() < endMs; await Bun.sleep(50)) {
        if ((await hub.get<{ phase: string }>("/api/calibrate")).phase === "listening") break;
      }
      await Bun.sleep(1000);
      burst = noise(0.6, 0.3, 77);
      const { code, stdout, stderr } = await calibrating;
      expect(stderr).toBe("");
      const { relays: heard } = JSON.parse(stdout) as { relays: { id: string; outcome: string; gainDb: number }[] };
      return { code, heard };
    };
    let { code, heard } = await calibrate();
    // A machine that is too busy to listen says so; then one claps again.
    for (let again = 0; again < 2 && heard.some(({ outcome }) => outcome === "sound_lost"); again++) {
      ({ code, heard } = await calibrate());
    }
    expect(Object.fromEntries(heard.map(({ id, outcome }) => [id, outcome]))).toEqual({
      ...{ hall: "too_quiet", loud: "heard", soft: "heard" },
    });
    expect(code).toBe(0);
    const gainOf = (id: string) => heard.find((relay) => relay.id === id)?.gainDb ?? 0;
    expect(gainOf("loud") - gainOf("soft")).toBeWithin(4, 9);

    const listed = await runCommand(["relays", "--port", String(port)], { folder });
    expect(listed.stdout).toMatch(/loud +here, den, gain \+\d\.\d ± \d\.\d dB, learned from 1 calibration\n/);
    await runCommand(["relays", "forget", "loud", "--port", String(port)], { folder });
    expect((await relays()).find(({ id }) => id === "loud")?.gain.from).toBe("unknown");
    const nobody = await runCommand(["relays", "trust", "attic", "--port", String(port)], { folder });
    expect(nobody.code).toBe(1);
    expect(nobody.stderr).toContain('no relay "attic" (there are hall, ');
    // The hub looks once a second whether something is to be written.
    const isKept = () => readdirSync(hub.folder).includes("relay-gains.json");
    for (const endMs = performance.now() + 5000; performance.now() < endMs && !isKept(); ) await Bun.sleep(50);
    expect(isKept()).toBe(true);
  }, 40_000);
});
