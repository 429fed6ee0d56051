// From the words of `--source` to an open source.
import { openStdin } from "../../ffi/stdin.ts";
import { type Progress, readAudioFile } from "./decode.ts";
import { fileSource } from "./file-source.ts";
import { openMicrophone } from "./portaudio-source.ts";
import { type AudioSource, parseSource, SourceError } from "./source.ts";
import { stdinSource } from "./stdin-source.ts";

/**
 * @param text as {@link parseSource} reads it
 * @param nowMs monotonic milliseconds
 * @param progress called again and again while a long file is read
 * @throws SourceError, DecodeError or PortAudioMissingError, which say what to do
 */
export async function openSource(
  text: string,
  nowMs: () => number,
  progress: Progress = () => {},
): Promise<AudioSource> {
  const choice = parseSource(text);
  switch (choice.kind) {
    case "device":
      return openMicrophone(choice.device);
    case "file": {
      const samples = await readAudioFile(choice.path, progress);
      return fileSource({ name: choice.path, samples, loop: choice.loop, nowMs });
    }
    case "none":
      throw new SourceError('the audio source is "none": name one to listen to, "default" for instance');
    case "stdin":
      return stdinSource(openStdin(), nowMs);
  }
}
