/** Speech by espeak-ng (Debian: espeak-ng), as samples. */
import { decodeAudio } from "../audio/decode.ts";

/** Of a full scale, 1 m in front of the mouth: somebody who talks to a machine. */
const PEAK = 0.25;
/** The wake word's network hears this one, the recogniser understands that one: each has its own machine voice. */
const VOICES = { wakeWord: ["en-gb", "150"], command: ["en-us", "145"] } as const;

/** @returns 16 kHz mono, 1 is full scale. @throws Error when espeak-ng is not there, or fails */
async function spoken(text: string, [voice, wordsAMinute]: readonly [string, string]): Promise<Float32Array> {
  const child = Bun.spawn(["espeak-ng", "-v", voice, "-s", wordsAMinute, "--stdout", text], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [wav, complaint, code] = await Promise.all([
    new Response(child.stdout).bytes(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0) throw new Error(`espeak-ng ended with code ${code}: ${complaint.trim()}`);
  const pcm = await decodeAudio(wav, `"${text}" by espeak-ng`);
  let peak = 1;
  for (const sample of pcm) peak = Math.max(peak, Math.abs(sample));
  return Float32Array.from(pcm, (sample) => (sample / peak) * PEAK);
}

/** The wake word and the command, in one breath. */
export async function spokenCommand(wakeWord: string, command: string): Promise<Float32Array> {
  const [word, rest] = await Promise.all([spoken(wakeWord, VOICES.wakeWord), spoken(command, VOICES.command)]);
  // espeak-ng ends with a pause of its own.
  const end = word.findLastIndex((sample) => Math.abs(sample) > 0.005) + 1;
  const begin = Math.max(
    0,
    rest.findIndex((sample) => Math.abs(sample) > 0.005),
  );
  const pause = 16_000 * 0.25;
  const both = new Float32Array(end + pause + rest.length - begin);
  both.set(word.subarray(0, end));
  both.set(rest.subarray(begin), end + pause);
  return both;
}
