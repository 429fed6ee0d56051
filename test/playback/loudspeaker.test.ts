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

/** The sound server puts silence where a busy machine brings it the next samples too late; a tone has no such silence. */
function withoutPauses(heard: Int16Array): Int16Array {
  const isPaused = (at: number) => heard.subarray(Math.max(0, at - 8), at + 8).every((sample) => sample === 0);
  return heard.filter((sample, at) => sample !== 0 || !isPaused(at));
}

/** Hz: the median of ten waves, so that one that a pause has cut in two does not count. */
function pitchOf(heard: Int16Array): number {
  const rising = [...heard.keys()].filter((at) => (heard[at] ?? 0) >= 0 && (heard[at - 1] ?? 0) < 0);
  const lengths = rising.slice(10).map((at, i) => at - (rising[i] ?? 0));
  return (10 * 16_000) / (lengths.sort((a, b) => a - b)[lengths.length >> 1] ?? 0);
}

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
    const heard = withoutPauses(await recording.stop());
    expect(printed).toBe("500 heard\n1000 heard\n");
    const first = heard.findIndex((sample) => Math.abs(sample) > 1000);
    const last = heard.findLastIndex((sample) => Math.abs(sample) > 1000);
    expect((last - first) / 16).toBeWithin(1950, 2020);
    expect(pitchOf(heard.subarray(first + 4000, first + 12_000))).toBeWithin(490, 510);
    expect(pitchOf(heard.subarray(first + 20_000, first + 28_000))).toBeWithin(980, 1020);
  }, 20_000);
});
