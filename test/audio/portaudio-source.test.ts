import { expect, test } from "bun:test";
import { type DeviceInfo, type PortAudio, PortAudioError, type StreamFormat } from "../../ffi/portaudio.ts";
import { openMicrophone } from "../../src/audio/portaudio-source.ts";
import { SourceError } from "../../src/audio/source.ts";

const INVALID_SAMPLE_RATE = -9997;
const INVALID_CHANNEL_COUNT = -9998;
const DEVICE_UNAVAILABLE = -9985;

/** A device in PortAudio's place: what it accepts, what sound it gives, and what it was asked. */
class FakeDevice implements PortAudio {
  readonly asked: string[] = [];
  readonly closed: string[] = [];
  available = 0;
  overflowed = false;
  broken = false;
  #frame = 0;

  constructor(
    readonly accepts: (format: StreamFormat) => number | "yes",
    readonly sample: (frame: number, channel: number) => number,
    readonly info: Partial<DeviceInfo> = {},
  ) {}

  devices(): readonly DeviceInfo[] {
    return [
      {
        index: 5,
        name: "fake",
        hostApi: "ALSA",
        maxInputChannels: 1,
        maxOutputChannels: 0,
        defaultSampleRateHz: 48_000,
        lowInputLatencyMs: 10,
        highInputLatencyMs: 40,
        isDefaultInput: true,
        isDefaultOutput: false,
        ...this.info,
      },
    ];
  }

  openInput(format: StreamFormat) {
    this.asked.push(`${format.sampleRateHz} Hz ${format.channels} ch`);
    const answer = this.accepts(format);
    if (answer !== "yes") throw new PortAudioError("device 5 cannot be opened", answer, "refused");
    return {
      latencyMs: format.latencyMs,
      sampleRateHz: format.sampleRateHz,
      availableFrames: () => {
        if (this.broken) throw new PortAudioError("device 5 broke", -9999, "gone");
        return this.available;
      },
      read: (into: Int16Array, frames: number) => {
        for (let i = 0; i < frames * format.channels; i++) {
          into[i] = this.sample(this.#frame + Math.floor(i / format.channels), i % format.channels);
        }
        this.#frame += frames;
        this.available -= frames;
        return this.overflowed ? ("overflowed" as const) : ("complete" as const);
      },
      close: () => void this.closed.push("stream"),
    };
  }

  openOutput(): never {
    throw new Error("a microphone opens no output");
  }

  close(): void {
    this.closed.push("portaudio");
  }
}

const ramp = (frame: number) => frame % 30_000;

function only(rateHz: number, channels: number): (format: StreamFormat) => number | "yes" {
  return (format) => {
    if (format.channels !== channels) return INVALID_CHANNEL_COUNT;
    return format.sampleRateHz === rateHz ? "yes" : INVALID_SAMPLE_RATE;
  };
}

test("a device that knows 16 kHz mono is opened so and read in whole blocks of 20 ms", () => {
  const device = new FakeDevice(() => "yes", ramp);
  const source = openMicrophone("default", () => device);
  expect(device.asked).toEqual(["16000 Hz 1 ch"]);
  expect(source.description).toBe("fake (ALSA, 16000 Hz, 1 ch)");
  expect(source.live).toBe(true);
  const into = new Int16Array(1000);
  device.available = 319;
  expect(source.read(into)).toBe(0);
  device.available = 700;
  expect(source.read(into)).toBe(640);
  expect([...into.subarray(0, 640)]).toEqual(Array.from({ length: 640 }, (_, i) => i));
  expect(device.available).toBe(60);
});

test("a reader with a small buffer loses nothing", () => {
  const device = new FakeDevice(() => "yes", ramp);
  const source = openMicrophone("default", () => device);
  device.available = 3200;
  const into = new Int16Array(77);
  const heard: number[] = [];
  for (let count = source.read(into); count !== 0 && count !== "ended"; count = source.read(into)) {
    heard.push(...into.subarray(0, count));
  }
  expect(heard).toEqual(Array.from({ length: 3200 }, (_, i) => i));
});

test("a device that only knows 48 kHz is resampled", () => {
  const device = new FakeDevice(only(48_000, 1), (frame) =>
    Math.round(10_000 * Math.sin((2 * Math.PI * 1000 * frame) / 48_000)),
  );
  const source = openMicrophone("default", () => device);
  expect(device.asked).toEqual(["16000 Hz 1 ch", "48000 Hz 1 ch"]);
  device.available = 48_000;
  const into = new Int16Array(20_000);
  const count = Number(source.read(into));
  // 2.9 ms are still in the resampler.
  expect(count).toBe(16_000 - 46);
  for (let i = 800; i < count; i++) {
    expect(Math.abs((into[i] ?? 0) - 10_000 * Math.sin((2 * Math.PI * i) / 16))).toBeLessThan(5);
  }
});

test("a device that only knows stereo is mixed, not halved", () => {
  const device = new FakeDevice(only(16_000, 2), (frame, channel) => (channel === 0 ? frame : -3 * frame), {
    maxInputChannels: 2,
  });
  const source = openMicrophone("default", () => device);
  expect(device.asked).toEqual(["16000 Hz 1 ch", "48000 Hz 1 ch", "16000 Hz 2 ch"]);
  device.available = 640;
  const into = new Int16Array(640);
  expect(source.read(into)).toBe(640);
  expect(into.every((sample, i) => sample === -i)).toBe(true);
});

test("a microphone array that only knows all of its channels at 44.1 kHz is mixed and resampled", () => {
  const device = new FakeDevice(only(44_100, 6), (_, channel) => channel * 100, {
    maxInputChannels: 6,
    defaultSampleRateHz: 44_100,
  });
  const source = openMicrophone("default", () => device);
  expect(source.description).toBe("fake (ALSA, 44100 Hz, 6 ch)");
  device.available = 44_100;
  const into = new Int16Array(16_000);
  const count = Number(source.read(into));
  expect(into.subarray(800, count).every((sample) => sample === 250)).toBe(true);
});

test("a device that is busy is not asked again in other ways, and everything is given back", () => {
  const device = new FakeDevice(() => DEVICE_UNAVAILABLE, ramp, { maxInputChannels: 2 });
  const open = () => openMicrophone("default", () => device);
  expect(open).toThrow('capture device "fake": device 5 cannot be opened: refused (PortAudio -9985)');
  expect(device.asked.length).toBe(1);
  expect(device.closed).toEqual(["portaudio"]);
});

test("a device that is not there is an error, and PortAudio is given back", () => {
  const device = new FakeDevice(() => "yes", ramp);
  expect(() => openMicrophone({ name: "USB" }, () => device)).toThrow('no capture device named "USB": found "fake"');
  expect(device.closed).toEqual(["portaudio"]);
});

test("overflows are counted and what came with them is kept", () => {
  const device = new FakeDevice(() => "yes", ramp);
  const source = openMicrophone("default", () => device);
  device.available = 640;
  device.overflowed = true;
  expect(source.read(new Int16Array(640))).toBe(640);
  expect(source.overruns).toBe(2);
});

test("a device that breaks throws a SourceError that names it, and closing closes stream and PortAudio", () => {
  const device = new FakeDevice(() => "yes", ramp);
  const source = openMicrophone("default", () => device);
  device.broken = true;
  expect(() => source.read(new Int16Array(640))).toThrow(SourceError);
  expect(() => source.read(new Int16Array(640))).toThrow(
    'capture device "fake": device 5 broke: gone (PortAudio -9999)',
  );
  source.close();
  expect(device.closed).toEqual(["stream", "portaudio"]);
});
