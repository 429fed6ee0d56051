/** Whether chimes and answers could be heard: looks the loudspeaker up, and plays nothing. */
import { openPortAudio, type PortAudio } from "../../ffi/portaudio.ts";
import { findDevice } from "../audio/find-device.ts";
import { parseOutput } from "../audio/source.ts";
import type { Config } from "../config/schema.ts";
import type { Tell } from "./checks.ts";

/** A machine without one may still listen: never worse than a warning. */
export function checkLoudspeaker(
  { audio: { output } }: Pick<Config, "audio">,
  tell: Tell,
  initialise: () => PortAudio = openPortAudio,
): void {
  const name = "loudspeaker";
  if (output === "none") {
    tell({ name, level: "ok", message: "none is wanted: chimes and answers are not heard here" });
    return;
  }
  try {
    const portAudio = initialise();
    try {
      const device = findDevice(portAudio.devices(), parseOutput(output), "playback");
      tell({ name, level: "ok", message: `${device.name} (${device.hostApi}, ${device.maxOutputChannels} ch)` });
    } finally {
      portAudio.close();
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const hint = "chimes and answers are not heard here; audio.output: none where that is as it should be";
    tell({ name, level: "warning", message, hint });
  }
}
