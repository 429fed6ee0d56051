/** The playback ring of a shared memory, with a player whose device is a list: what it was given, and when it may take more. */
import type { Loudspeaker } from "../../src/audio/portaudio-loudspeaker.ts";
import { SharedMemory } from "../../src/memory/shared-memory.ts";
import { Player } from "../../src/playback/player.ts";
import { Playlist } from "../../src/playback/playlist.ts";

const ROOM = 5760;

export class ListDevice implements Loudspeaker {
  readonly description = "list";
  readonly latencyMs = 120;
  readonly heard: number[] = [];
  /** start, stop, close, in order. */
  readonly calls: string[] = [];
  /** Samples that it can take until it has played some. */
  free = ROOM;
  broken = false;

  start(): void {
    this.calls.push("start");
    this.free = ROOM;
  }

  stop(): void {
    this.calls.push("stop");
  }

  room(): number {
    if (this.broken) throw new Error("it broke");
    return this.free;
  }

  write(pcm: Int16Array, count: number): void {
    this.heard.push(...pcm.subarray(0, count));
    this.free -= count;
  }

  close(): void {
    this.calls.push("close");
  }
}

export function smallSpeaker({ output = "default", opens = () => new ListDevice() as Loudspeaker } = {}) {
  const memory = SharedMemory.create({ streams: 1, relays: 1 });
  const clock = { nowMs: 1000 };
  const logged: string[] = [];
  const devices: ListDevice[] = [];
  const player = new Player(
    {
      ring: memory.playbackReader("newest"),
      record: memory.speaker.writer(),
      bell: memory.webBell,
      open: () => {
        const device = opens();
        if (device instanceof ListDevice) devices.push(device);
        return device;
      },
      log: { info: (event) => logged.push(event), warn: (event) => logged.push(event) },
    },
    output,
  );
  const speaker = memory.speaker.reader();
  const playlist = new Playlist(memory.playbackWriter(), speaker);
  let looking = playlist;
  /** The web worker died, and another came. */
  const succeed = () => {
    looking = new Playlist(memory.playbackWriter(), speaker);
    return looking;
  };
  /** Both workers look every 10 ms, and the device plays what it was given. */
  const pass = (ms: number) => {
    for (let passed = 0; passed < ms; passed += 10) {
      clock.nowMs += 10;
      for (const device of devices) device.free = Math.min(ROOM, device.free + 480);
      player.step(clock.nowMs);
      looking.look(clock.nowMs);
    }
  };
  return { clock, memory, player, playlist, speaker, devices, logged, pass, succeed };
}
