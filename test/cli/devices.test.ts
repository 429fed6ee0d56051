import { expect, test } from "bun:test";
import type { DeviceInfo } from "../../ffi/portaudio.ts";
import { describeDevices } from "../../src/cli/devices.ts";

function device(index: number, name: string, change: Partial<DeviceInfo> = {}): DeviceInfo {
  return {
    ...{ index, name, hostApi: "ALSA", maxInputChannels: 0, maxOutputChannels: 0, defaultSampleRateHz: 48_000 },
    ...{ lowInputLatencyMs: 10, highInputLatencyMs: 40, isDefaultInput: false, isDefaultOutput: false },
    ...change,
  };
}

test("microphones and loudspeakers are listed apart, a device that is both in either", () => {
  const both = device(0, "USB", { maxInputChannels: 1, maxOutputChannels: 2, isDefaultInput: true });
  const speaker = device(1, "HDMI", { maxOutputChannels: 8, isDefaultOutput: true });
  expect(describeDevices([both, speaker])).toEqual([
    "microphones",
    "*   0  USB  (ALSA, 1 ch, 48000 Hz)",
    "loudspeakers",
    "    0  USB  (ALSA, 2 ch, 48000 Hz)",
    "*   1  HDMI  (ALSA, 8 ch, 48000 Hz)",
  ]);
});

test("a machine without either says what that means", () => {
  expect(describeDevices([])).toEqual([
    "no capture device: plug in a microphone, or start a sound server",
    "no playback device: chimes and answers are not heard here",
  ]);
});
