// Which of the devices that PortAudio lists is meant.
import type { DeviceInfo } from "../../ffi/portaudio.ts";
import { type DeviceChoice, SourceError } from "./source.ts";

/** How each way is spoken of, and which devices go that way. */
const WAYS = {
  capture: {
    can: ({ maxInputChannels }: DeviceInfo) => maxInputChannels > 0,
    isDefault: ({ isDefaultInput }: DeviceInfo) => isDefaultInput,
    none: "plug in a microphone",
  },
  playback: {
    can: ({ maxOutputChannels }: DeviceInfo) => maxOutputChannels > 0,
    isDefault: ({ isDefaultOutput }: DeviceInfo) => isDefaultOutput,
    none: "plug in a loudspeaker",
  },
} as const;

/**
 * Finds the device that was asked for, among those that have inputs (`capture`) or outputs (`playback`). A name is matched
 * exactly, else as the only device whose name contains it in either case.
 * @throws SourceError naming what was found instead
 */
export function findDevice(
  devices: readonly DeviceInfo[],
  choice: DeviceChoice,
  way: keyof typeof WAYS = "capture",
): DeviceInfo {
  const { can, isDefault } = WAYS[way];
  const able = devices.filter(can);
  const found = (those: readonly DeviceInfo[]) => foundAmong(those, way);
  if (choice === "default") {
    const device = able.find(isDefault) ?? able[0];
    if (device === undefined) throw new SourceError(`no ${way} device: ${found(able)}`);
    return device;
  }
  if (typeof choice === "number") {
    const device = able.find(({ index }) => index === choice);
    if (device === undefined) throw new SourceError(`no ${way} device with index ${choice}: ${found(able)}`);
    return device;
  }
  const exact = able.find(({ name }) => name === choice.name);
  if (exact !== undefined) return exact;
  const wanted = choice.name.toLowerCase();
  const [device, ...others] = able.filter(({ name }) => name.toLowerCase().includes(wanted));
  if (device === undefined) throw new SourceError(`no ${way} device named "${choice.name}": ${found(able)}`);
  if (others.length > 0) {
    throw new SourceError(`several ${way} devices are named "${choice.name}": ${found([device, ...others])}`);
  }
  return device;
}

function foundAmong(devices: readonly DeviceInfo[], way: keyof typeof WAYS): string {
  if (devices.length === 0) return `found none, ${WAYS[way].none} (earshot devices lists what there is)`;
  return `found ${devices.map(({ name }) => `"${name}"`).join(", ")} (earshot devices lists them)`;
}
