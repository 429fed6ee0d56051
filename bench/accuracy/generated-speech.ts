/** Wake words from espeak-ng: a voice that every machine can make the same. */
import { mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import type { Clip } from "./clips.ts";

/** What to write so that it says the wake word; "mycroft" it reads as one strange word. */
const SPOKEN: Readonly<Record<string, string>> = {
  alexa: "alexa",
  hey_jarvis: "hey jarvis",
  hey_mycroft: "hey my croft",
  hey_rhasspy: "hey rhasspy",
  timer: "set a five minute timer",
  weather: "what's the weather",
};

const VOICES = ["en-gb", "en-gb-x-rp", "en-us"];
/** Men and a woman. */
const VARIANTS = [
  { name: "low", suffix: "", pitch: 35 },
  { name: "high", suffix: "", pitch: 60 },
  { name: "f3", suffix: "+f3", pitch: 50 },
];
/** Words a minute; espeak-ng's own is 175. */
const SPEEDS = [130, 155, 180];
const ROUGH_MS = 1200;

/** @throws where espeak-ng is missing or refuses */
export async function generatedClips(model: string, cacheFolder: string): Promise<readonly Clip[]> {
  const text = SPOKEN[model];
  if (text === undefined) return [];
  const folder = join(cacheFolder, "generated", model);
  await mkdir(folder, { recursive: true });
  const clips: Clip[] = [];
  for (const voice of VOICES) {
    for (const { name, suffix, pitch } of VARIANTS) {
      for (const speed of SPEEDS) {
        const path = join(folder, `${text.replaceAll(" ", "-")}-${voice}-${name}-${speed}.wav`);
        if (!(await Bun.file(path).exists())) {
          await speak([
            "-v",
            `${voice}${suffix}`,
            "-s",
            String(speed),
            "-p",
            String(pitch),
            "-w",
            `${path}.part`,
            text,
          ]);
          await rename(`${path}.part`, path);
        }
        const id = `generated/${model}/${voice}-${name}-${speed}`;
        clips.push({ id, source: { kind: "sound file", path }, roughMs: ROUGH_MS });
      }
    }
  }
  return clips;
}

async function speak(args: readonly string[]): Promise<void> {
  const child = Bun.spawn(["espeak-ng", ...args], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const said = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`espeak-ng does not speak: ${said.trim()}`);
}
