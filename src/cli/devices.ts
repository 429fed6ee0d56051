/** `earshot devices`: the microphones and loudspeakers that this machine knows. */
import { Command } from "commander";
import type { DeviceInfo } from "../../ffi/portaudio.ts";
import { EXIT } from "../supervise/exit-codes.ts";
import { jsonOption } from "./settings.ts";

export function devicesCommand(): Command {
  return new Command("devices")
    .description("List the sound devices: what audio.source (--source) and audio.output can name.")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\n* is the default. With --json all devices: those with maxInputChannels are microphones, those with\nmaxOutputChannels loudspeakers. Exit code 0 only if there is at least one microphone.",
    )
    .action(async ({ json }: { readonly json?: boolean }) => {
      const { openPortAudio } = await import("../../ffi/portaudio.ts");
      const portAudio = openPortAudio();
      const devices = portAudio.devices();
      portAudio.close();
      console.log(json ? JSON.stringify(devices, undefined, 2) : describeDevices(devices).join("\n"));
      if (!devices.some(({ maxInputChannels }) => maxInputChannels > 0)) process.exitCode = EXIT.failure;
    });
}

/** A line each, the microphones first. */
export function describeDevices(devices: readonly DeviceInfo[]): string[] {
  const microphones = devices.filter(({ maxInputChannels }) => maxInputChannels > 0);
  const loudspeakers = devices.filter(({ maxOutputChannels }) => maxOutputChannels > 0);
  return [
    ...(microphones.length === 0
      ? ["no capture device: plug in a microphone, or start a sound server"]
      : ["microphones", ...microphones.map((one) => line(one, one.maxInputChannels, one.isDefaultInput))]),
    ...(loudspeakers.length === 0
      ? ["no playback device: chimes and answers are not heard here"]
      : ["loudspeakers", ...loudspeakers.map((one) => line(one, one.maxOutputChannels, one.isDefaultOutput))]),
  ];
}

function line({ index, name, hostApi, defaultSampleRateHz }: DeviceInfo, channels: number, isDefault: boolean): string {
  const mark = isDefault ? "*" : " ";
  return `${mark} ${String(index).padStart(3)}  ${name}  (${hostApi}, ${channels} ch, ${defaultSampleRateHz} Hz)`;
}
