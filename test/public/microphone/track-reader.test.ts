// Sound from a track, with a browser's MediaStreamTrackProcessor as far as the page looks at it.
import { describe, expect, test } from "bun:test";
import { readTrack, type StampedSound } from "../../../public/microphone/track-reader.ts";

const TRACK = {} as MediaStreamTrack;

class FakeProcessor {
  static newest: FakeProcessor | undefined;
  #controller: ReadableStreamDefaultController<AudioData> | undefined;
  cancelled = false;
  closed = 0;
  readonly readable = new ReadableStream<AudioData>({
    start: (controller) => {
      this.#controller = controller;
    },
    cancel: () => {
      this.cancelled = true;
    },
  });

  constructor() {
    FakeProcessor.newest = this;
  }

  give(beginMs: number, samples: number, level = 0.5, sampleRate = 16_000): void {
    const data = {
      ...{ timestamp: beginMs * 1000, sampleRate, numberOfFrames: samples, numberOfChannels: 2 },
      copyTo: (channel: Float32Array) => void channel.fill(level),
      close: () => this.closed++,
    };
    this.#controller?.enqueue(data as unknown as AudioData);
  }

  end(): void {
    this.#controller?.close();
  }
}

function rig() {
  const heard: StampedSound[] = [];
  const reader = readTrack(TRACK, (sound) => heard.push(sound), { MediaStreamTrackProcessor: FakeProcessor });
  const processor = FakeProcessor.newest;
  if (reader === undefined || processor === undefined) throw new Error("it is not read");
  return { reader, processor, heard };
}

/** Lets what was given be read. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("a track", () => {
  test("gives pieces that say when their last sample was heard", async () => {
    const { processor, heard } = rig();
    processor.give(5000, 1280);
    processor.give(5080, 320);
    await settled();
    expect(heard.map(({ pcm, lostSamples }) => [pcm.length, lostSamples])).toEqual(Array(4).fill([320, 0]));
    // The filter wants one sample more than it gives.
    expect(heard.map(({ stampMs }) => Math.round(stampMs))).toEqual([5020, 5040, 5060, 5080]);
    expect(heard[0]?.pcm[100]).toBe(Math.round(0.5 * 32767));
    expect(processor.closed).toBe(2);
  });

  test("tells what is missing where stamps jump, and not where they waver", async () => {
    const { processor, heard } = rig();
    processor.give(1000, 640);
    processor.give(1190, 640);
    processor.give(1060, 640);
    await settled();
    expect(heard.every(({ lostSamples }) => lostSamples === 0)).toBe(true);
    processor.give(1600, 640);
    await settled();
    expect(heard.filter(({ lostSamples }) => lostSamples > 0).map(({ lostSamples }) => lostSamples)).toEqual([8000]);
  });

  test("may change its rate", async () => {
    const { processor, heard } = rig();
    processor.give(1000, 640);
    processor.give(1040, 4800, 0.25, 48_000);
    await settled();
    expect(heard).toHaveLength(1 + 4);
    expect(heard.at(-1)?.pcm[300]).toBe(Math.round(0.25 * 32767));
  });

  test("is not read any more when that was stopped, or it ended", async () => {
    const { reader, processor } = rig();
    reader.stop();
    await settled();
    expect(processor.cancelled).toBe(true);
    const other = rig();
    other.processor.end();
    await settled();
    other.reader.stop();
    await settled();
    expect(other.heard).toEqual([]);
  });

  test("cannot be read where the browser has nothing for it, or for video alone", () => {
    expect(readTrack(TRACK, () => {}, {})).toBeUndefined();
    class ForVideo {
      constructor() {
        throw new TypeError("not a video track");
      }
    }
    expect(readTrack(TRACK, () => {}, { MediaStreamTrackProcessor: ForVideo })).toBeUndefined();
  });
});
