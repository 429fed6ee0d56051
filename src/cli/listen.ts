/** `earshot listen`: what would have been heard in recordings, as fast as the machine can. */
import { Command } from "commander";
import { EXIT } from "../supervise/exit-codes.ts";
import type { Detection, NearMiss } from "../wake/detector.ts";
import { addModelOptions, commandSettings, configOption, jsonOption, type SettingFlags } from "./settings.ts";

export interface ListenFlags extends SettingFlags {
  readonly json?: boolean;
  readonly scores?: boolean;
  readonly nearMisses?: boolean;
}

export function listenCommand(): Command {
  return addModelOptions(
    new Command("listen")
      .description("Detect wake words in audio files: WAV, FLAC, MP3, Ogg.")
      .argument("<file...>", "recordings")
      .addOption(configOption()),
  )
    .addOption(jsonOption())
    .option("--scores", "also every model's score for each frame of 80 ms")
    .option("--near-misses", "also what was almost heard")
    .addHelpText(
      "after",
      `
A file scores from its first frame. With --json, one object a line:
  {"type":"detection","file":"a.wav","model":"alexa","label":"alexa","confidence":0.93,"atMs":1280}
  {"type":"near_miss","file":"a.wav","model":"alexa","label":"alexa","confidence":0.31,"atMs":4160,"reason":"below"}   with --near-misses
  {"type":"scores","file":"a.wav","atMs":80,"scores":{"alexa":0.002}}                                  with --scores
  {"type":"summary","files":1,"failed":0,"detections":1,"audioMs":2600,"tookMs":210}
atMs is the end of the frame. The reason of a near miss is "below" (scores near the threshold that did not fire) or
"no_voice" (a hit without speech, whose probability is its "voice"). Exit code 1 if a file could not be read.`,
    )
    .action(async (files: readonly string[], flags: ListenFlags) => {
      const failed = await listen(files, flags, {
        say: (line) => console.log(line),
        complain: (line) => console.error(line),
      });
      if (failed > 0) process.exitCode = EXIT.failure;
    });
}

export interface Terminal {
  readonly say: (line: string) => void;
  readonly complain: (line: string) => void;
}

/** @returns how many files could not be read */
export async function listen(files: readonly string[], flags: ListenFlags, terminal: Terminal): Promise<number> {
  const { config, found } = await commandSettings(flags);
  const { enabledModels, triggerSettings } = await import("../detect/wake-settings.ts");
  const { readAudioFile } = await import("../audio/decode.ts");
  const { createDetector } = await import("../wake/detector.ts");
  const { createEngine } = await import("../wake/engine.ts");
  const { scan } = await import("../wake/scan.ts");
  const { loadVoiceActivity } = await import("../wake/voice-activity.ts");
  const startedMs = performance.now();
  const readFile = (path: string) => Bun.file(path).bytes();
  const engine = await createEngine({ models: enabledModels(config, found), readFile });
  const asksForVoice = engine.models.some((model) => triggerSettings(config, model).vadThreshold > 0);
  const voice = asksForVoice
    ? await loadVoiceActivity(readFile).catch((error: unknown) => {
        terminal.complain(`earshot: no hit can be asked for a voice: ${messageOf(error)}`);
        return undefined;
      })
    : undefined;
  const names = engine.models.map(({ name }) => name);
  let audioMs = 0;
  let detections = 0;
  let failed = 0;
  const say = (object: Record<string, unknown>, line: string) =>
    terminal.say(flags.json ? JSON.stringify(object) : line);

  for (const file of files) {
    let pcm: Int16Array;
    try {
      pcm = await readAudioFile(file);
    } catch (error) {
      failed++;
      const message = messageOf(error);
      if (flags.json) terminal.say(JSON.stringify({ type: "error", file, message }));
      terminal.complain(`earshot: ${message}`);
      continue;
    }
    audioMs += pcm.length / 16;
    const detector = createDetector(engine, {
      live: false,
      settings: (model) => triggerSettings(config, model),
      voice,
    });
    for await (const { atMs, scores, detections: heard, nearMisses } of scan(detector, pcm)) {
      if (flags.scores) {
        const named = Object.fromEntries(names.map((name, index) => [name, rounded(scores[index] ?? 0)]));
        say({ type: "scores", file, atMs, scores: named }, `${seconds(atMs)}  ${JSON.stringify(named)}`);
      }
      for (const detection of heard) {
        detections++;
        say({ type: "detection", ...said(detection, file) }, lineOf(detection, file));
      }
      if (!flags.nearMisses) continue;
      for (const miss of nearMisses) {
        const why = miss.kind === "below" ? "almost" : `no voice (${miss.voice?.toFixed(3)})`;
        const voice = miss.voice === undefined ? {} : { voice: rounded(miss.voice) };
        say({ type: "near_miss", ...said(miss, file), reason: miss.kind, ...voice }, `${lineOf(miss, file)}  ${why}`);
      }
    }
  }
  await voice?.close();
  await engine.close();
  const tookMs = Math.round(performance.now() - startedMs);
  say(
    { type: "summary", files: files.length, failed, detections, audioMs: Math.round(audioMs), tookMs },
    `${detections} ${detections === 1 ? "word" : "words"} in ${files.length - failed} of ${files.length} files, ${seconds(audioMs)} of audio in ${seconds(tookMs)}`,
  );
  return failed;
}

function said({ model, label, confidence, atMs }: Detection | NearMiss, file: string): Record<string, unknown> {
  return { file, model, label, confidence: rounded(confidence), atMs };
}

function lineOf({ model, confidence, atMs }: Detection | NearMiss, file: string): string {
  return `${seconds(atMs)}  ${model}  ${confidence.toFixed(3)}  ${file}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`.padStart(9);

const rounded = (value: number) => Math.round(value * 1e6) / 1e6;
