// People who say "alexa" so that the model is sure, wherever its frames of 80 ms happen to begin.
import { join } from "node:path";
import { clipPaths, speechIsHere } from "./clips.ts";

const SURE = ["291", "243", "173", "75", "148", "29"] as const;
const SYNTHETIC = join(import.meta.dir, "../../demo/alexa.wav");

/** Sound files, each with one "alexa" and 1.4 to 2.8 s long; where the recordings are absent, the demo's synthesiser. */
export function alexaClips(count: number): readonly string[] {
  const all = clipPaths("alexa");
  const people = SURE.flatMap((name) => all.filter((path) => path.endsWith(`/${name}.flac`)));
  return Array.from({ length: count }, (_, i) => people[i % people.length] ?? SYNTHETIC);
}

/** Says on the terminal what `what` is tested with instead, where the recordings are absent. */
export function sayIfSynthetic(what: string): void {
  if (!speechIsHere)
    console.log(`skipped: ${what} with real people: no recordings at ../shared/audio, demo/alexa.wav plays`);
}

/** A sound file whose "alexa" a threshold of 0.98 lets through and one of 1 does not: the others reach 1 in some frames. */
export function nearlySureClip(): string {
  return clipPaths("alexa").find((path) => path.endsWith("/205.flac")) ?? SYNTHETIC;
}
