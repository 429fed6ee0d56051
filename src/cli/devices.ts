/** `earshot devices`: the microphones that this machine knows. */
import { Command } from "commander";
import { EXIT } from "../supervise/exit-codes.ts";
import { jsonOption } from "./settings.ts";

export function devicesCommand(): Command {
  return new Command("devices")
    .description("List the capture devices: what --source and audio.source can name.")
    .addOption(jsonOption())
    .addHelpText("after", "\nExit code 0 only if there is at least one.")
    .action(async ({ json }: { readonly json?: boolean }) => {
      const { openPortAudio } = await import("../../ffi/portaudio.ts");
      const portAudio = openPortAudio();
      const devices = portAudio.devices().filter(({ maxInputChannels }) => maxInputChannels > 0);
      portAudio.close();
      if (json) console.log(JSON.stringify(devices, undefined, 2));
      else if (devices.length === 0) console.log("no capture device: plug in a microphone, or start a sound server");
      else {
        for (const { index, name, hostApi, maxInputChannels, defaultSampleRateHz, isDefaultInput } of devices) {
          const mark = isDefaultInput ? "*" : " ";
          console.log(
            `${mark} ${String(index).padStart(3)}  ${name}  (${hostApi}, ${maxInputChannels} ch, ${defaultSampleRateHz} Hz)`,
          );
        }
      }
      if (devices.length === 0) process.exitCode = EXIT.failure;
    });
}
