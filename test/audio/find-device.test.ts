import { expect, test } from "bun:test";
import type { DeviceInfo } from "../../ffi/portaudio.ts";
import { findDevice } from "../../src/audio/find-device.ts";

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
  expect(findDevice(devices, "default").index).toBe(3);
  expect(findDevice(devices.slice(0, 3), "default").index).toBe(1);
});

test("an index means PortAudio's own, and only a device that can capture", () => {
  expect(findDevice(devices, 2).name).toStartWith("ReSpeaker");
  expect(() => findDevice(devices, 0)).toThrow("no capture device with index 0: found ");
});

test("a name is matched exactly before it is matched in part, in either case", () => {
  expect(findDevice(devices, { name: "default" }).index).toBe(3);
  expect(findDevice(devices, { name: "usb pnp" }).index).toBe(1);
  expect(findDevice(devices, { name: "SYSDEFAULT" }).index).toBe(4);
});

test("a name that fits several devices, or none, is refused with what there is", () => {
  expect(() => findDevice(devices, { name: "audio" })).toThrow(
    'several capture devices are named "audio": found "USB PnP Sound Device: Audio (hw:1,0)", "ReSpeaker: Audio (hw:2,0)"',
  );
  expect(() => findDevice([device(0, "default"), device(1, "hw:1,0")], { name: "USB" })).toThrow(
    'no capture device named "USB": found "default", "hw:1,0" (earshot devices lists them)',
  );
});

test("a loudspeaker is found among the devices that can play", () => {
  expect(findDevice(devices, "default", "playback").index).toBe(0);
  expect(() => findDevice(devices, 1, "playback")).toThrow("no playback device with index 1: found ");
  expect(() => findDevice(devices.slice(1), "default", "playback")).toThrow("found none, plug in a loudspeaker");
});

test("without any capture device it says so", () => {
  expect(() => findDevice(devices.slice(0, 1), "default")).toThrow(
    "no capture device: found none, plug in a microphone",
  );
});
