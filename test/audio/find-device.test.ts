import { expect, test } from "bun:test";
import type { DeviceInfo } from "../../ffi/portaudio.ts";
import { findCaptureDevice } from "../../src/audio/capture-device.ts";

function device(index: number, name: string, more: Partial<DeviceInfo> = {}): DeviceInfo {
  return {
    index,
    name,
    hostApi: "ALSA",
    maxInputChannels: 1,
    maxOutputChannels: 0,
    defaultSampleRateHz: 48_000,
    lowInputLatencyMs: 10,
    highInputLatencyMs: 40,
    isDefaultInput: false,
    isDefaultOutput: false,
    ...more,
  };
}

const devices = [
  device(0, "HDMI: Audio (hw:0,3)", { maxInputChannels: 0, maxOutputChannels: 2 }),
  device(1, "USB PnP Sound Device: Audio (hw:1,0)"),
  device(2, "ReSpeaker: Audio (hw:2,0)", { maxInputChannels: 6 }),
  device(3, "default", { isDefaultInput: true }),
  device(4, "sysdefault"),
];

test("the default device is the one the sound system says, else the first that can capture", () => {
  expect(findCaptureDevice(devices, "default").index).toBe(3);
  expect(findCaptureDevice(devices.slice(0, 3), "default").index).toBe(1);
});

test("an index means PortAudio's own, and only a device that can capture", () => {
  expect(findCaptureDevice(devices, 2).name).toStartWith("ReSpeaker");
  expect(() => findCaptureDevice(devices, 0)).toThrow("no capture device with index 0: found ");
});

test("a name is matched exactly before it is matched in part, in either case", () => {
  expect(findCaptureDevice(devices, { name: "default" }).index).toBe(3);
  expect(findCaptureDevice(devices, { name: "usb pnp" }).index).toBe(1);
  expect(findCaptureDevice(devices, { name: "SYSDEFAULT" }).index).toBe(4);
});

test("a name that fits several devices, or none, is refused with what there is", () => {
  expect(() => findCaptureDevice(devices, { name: "audio" })).toThrow(
    'several capture devices are named "audio": found "USB PnP Sound Device: Audio (hw:1,0)", "ReSpeaker: Audio (hw:2,0)"',
  );
  expect(() => findCaptureDevice([device(0, "default"), device(1, "hw:1,0")], { name: "USB" })).toThrow(
    'no capture device named "USB": found "default", "hw:1,0" (earshot devices lists them)',
  );
});

test("without any capture device it says so", () => {
  expect(() => findCaptureDevice(devices.slice(0, 1), "default")).toThrow(
    "no capture device: found none, plug in a microphone",
  );
});
