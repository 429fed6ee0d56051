import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  canMakeVirtualMicrophone,
  startVirtualMicrophone,
  type VirtualMicrophone,
} from "../support/virtual-microphone.ts";

/** Plays through the player and a real device, in a process of its own: ALSA reads its environment when it starts. */
const PROGRAM = `
  import { monotonicMs } from "${new URL("../../ffi/clock.ts", import.meta.url).pathname}";
  import { openLoudspeaker } from "${new URL("../../src/audio/portaudio-loudspeaker.ts", import.meta.url).pathname}";
  import { SharedMemory } from "${new URL("../../src/memory/shared-memory.ts", import.meta.url).pathname}";
  import { Player } from "${new URL("../../src/playback/player.ts", import.meta.url).pathname}";
  import { Playlist } from "${new URL("../../src/playback/playlist.ts", import.meta.url).pathname}";
  const memory = SharedMemory.create({ streams: 1, relays: 1 });
  const log = { info: () => {}, warn: (event, fields) => console.log(event, JSON.stringify(fields)) };
  const options = { ring: memory.playbackReader("newest"), record: memory.speaker.writer(), bell: memory.webBell, log };
  const player = new Player({ ...options, open: () => openLoudspeaker("default") }, "default");
  const playlist = new Playlist(memory.playbackWriter(), memory.speaker.reader());
  const tone = (hz) => Int16Array.from({ length: 22050 }, (_, i) => 9000 * Math.sin((2 * Math.PI * hz * i) / 22050));
  let left = 2;
  for (const hz of [500, 1000]) playlist.play({ pcm: tone(hz), sampleRateHz: 22050 }, monotonicMs(), (end) => {
    console.log(hz, end);
    left--;
  });
  while (left > 0) {
    player.step(monotonicMs());
    playlist.look(monotonicMs());
    await Bun.sleep(10);
  }
  player.close();
`;

if (!canMakeVirtualMicrophone())
  console.log("skipped: a real loudspeaker, which needs pulseaudio and pulseaudio-utils");

describe.skipIf(!canMakeVirtualMicrophone())("a real loudspeaker", () => {
  let machine: VirtualMicrophone;
  beforeAll(async () => {
    machine = await startVirtualMicrophone();
  });
  afterAll(() => machine.stop());

  test("plays two sounds of another rate one after the other, whole and at their pitch", async () => {
    const recording = await machine.listenToSpeaker();
    const child = Bun.spawn([process.execPath, "-e", PROGRAM], { env: machine.env, stdout: "pipe", stderr: "inherit" });
    const printed = await new Response(child.stdout).text();
    const heard = await recording.stop();
    expect(printed).toBe("500 heard\n1000 heard\n");
    const first = heard.findIndex((sample) => Math.abs(sample) > 1000);
    const last = heard.findLastIndex((sample) => Math.abs(sample) > 1000);
    expect((last - first) / 16).toBeWithin(1950, 2100);
    const pitch = (from: number) => {
      let rising = 0;
      for (let i = from + 1; i < from + 8000; i++) {
        if ((heard[i] ?? 0) >= 0 && (heard[i - 1] ?? 0) < 0) rising++;
      }
      return rising * 2;
    };
    expect(pitch(first + 4000)).toBeWithin(490, 510);
    expect(pitch(first + 20_000)).toBeWithin(980, 1020);
  }, 20_000);
});
