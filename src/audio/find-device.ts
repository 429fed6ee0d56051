// Which of the devices that PortAudio lists is meant.
import type { DeviceInfo } from "../../ffi/portaudio.ts";
import { type DeviceChoice, SourceError } from "./source.ts";

/**
 * Finds the capture device that was asked for, among those that have inputs. A name is matched exactly, else as the only
 * device whose name contains it in either case.
 * @throws SourceError naming what was found instead
 */
export function findCaptureDevice(devices: readonly DeviceInfo[], choice: DeviceChoice): DeviceInfo {
  const inputs = devices.filter((device) => device.maxInputChannels > 0);
  if (choice === "default") {
    const device = inputs.find(({ isDefaultInput }) => isDefaultInput) ?? inputs[0];
    if (device === undefined) throw new SourceError(`no capture device: ${found(inputs)}`);
    return device;
  }
  if (typeof choice === "number") {
    const device = inputs.find(({ index }) => index === choice);
    if (device === undefined) throw new SourceError(`no capture device with index ${choice}: ${found(inputs)}`);
    return device;
  }
  const exact = inputs.find(({ name }) => name === choice.name);
  if (exact !== undefined) return exact;
  const wanted = choice.name.toLowerCase();
  const [device, ...others] = inputs.filter(({ name }) => name.toLowerCase().includes(wanted));
  if (device === undefined) throw new SourceError(`no capture device named "${choice.name}": ${found(inputs)}`);
  if (others.length > 0) {
    throw new SourceError(`several capture devices are named "${choice.name}": ${found([device, ...others])}`);
  }
  return device;
}

function found(devices: readonly DeviceInfo[]): string {
  if (devices.length === 0) return "found none, plug in a microphone (earshot devices lists what there is)";
  return `found ${devices.map(({ name }) => `"${name}"`).join(", ")} (earshot devices lists them)`;
}
