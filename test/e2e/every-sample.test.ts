// From the microphone through PortAudio, the capture worker and the shared audio ring into another thread no sample is
// lost or out of order. 10 s here; COUNTER_SECONDS=60 bun test test/e2e/every-sample.test.ts follows it for a minute.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { counterSignal } from "../support/counter-signal.ts";
import type { Followed } from "../support/follow-counter.ts";
import {
  canMakeVirtualMicrophone,
  startVirtualMicrophone,
  type VirtualMicrophone,
} from "../support/virtual-microphone.ts";

const SECONDS = Number(process.env.COUNTER_SECONDS ?? 10);
const SAMPLES = SECONDS * 16_000;
const FOLLOWER = join(import.meta.dir, "../support/follow-counter.ts");

const possible = canMakeVirtualMicrophone();
if (!possible) console.log("skipped: a counter signal through the microphone, which needs pulseaudio");

describe.skipIf(!possible)("a counter signal through the microphone and the shared memory", () => {
  let microphone: VirtualMicrophone;
  beforeAll(async () => {
    microphone = await startVirtualMicrophone();
  }, 20_000);
  afterAll(() => microphone?.stop(), 20_000);

  test(
    `every one of ${SAMPLES} samples comes, once and in order`,
    async () => {
      const follower = Bun.spawn([process.execPath, FOLLOWER, String(SAMPLES)], {
        env: microphone.env,
        stdin: "ignore",
        stdout: "pipe",
        stderr: "inherit",
      });
      try {
        const lines = follower.stdout.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
        expect((await lines.next()).value).toBe("open\n");
        await microphone.playPcm(counterSignal(SAMPLES));
        const followed = JSON.parse((await lines.next()).value ?? "{}") as Followed;
        expect(followed).toEqual({ counted: SAMPLES, faults: [], gaps: 0, lost: 0, overruns: 0, reopens: 0 });
      } finally {
        follower.kill("SIGKILL");
        await follower.exited;
      }
    },
    SECONDS * 1000 + 20_000,
  );
});
