/** `earshot listen`: what would have been heard in recordings, as fast as the machine can. */
import { Command } from "commander";
import { EXIT } from "../supervise/exit-codes.ts";
import { addModelOptions, commandConfig, configOption, jsonOption, type SettingFlags } from "./settings.ts";

interface ListenFlags extends SettingFlags {
  readonly json?: boolean;
  readonly scores?: boolean;
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
    .addHelpText(
      "after",
      `
A file scores from its first frame. With --json, one object a line:
  {"type":"detection","file":"a.wav","model":"alexa","confidence":0.93,"atMs":1280}
  {"type":"scores","file":"a.wav","atMs":80,"scores":{"alexa":0.002}}      with --scores
  {"type":"summary","files":1,"failed":0,"detections":1,"audioMs":2600,"tookMs":210}
atMs is the end of the frame. Exit code 1 if a file could not be read.`,
    )
    .action(listen);
}

async function listen(files: readonly string[], flags: ListenFlags): Promise<void> {
  const config = await commandConfig(flags);
  const { enabledModels, triggerSettings } = await import("../detect/wake-settings.ts");
  const { readAudioFile } = await import("../audio/decode.ts");
  const { createDetector } = await import("../wake/detector.ts");
  const { createEngine } = await import("../wake/engine.ts");
  const { scan } = await import("../wake/scan.ts");
  const startedMs = performance.now();
  const engine = await createEngine({
    models: enabledModels(config),
    readFile: (path) => Bun.file(path).bytes(),
  });
  const names = engine.models.map(({ name }) => name);
  let audioMs = 0;
  let detections = 0;
  let failed = 0;
  const say = (object: Record<string, unknown>, line: string) =>
    console.log(flags.json ? JSON.stringify(object) : line);

  for (const file of files) {
    let pcm: Int16Array;
    try {
      pcm = await readAudioFile(file);
    } catch (error) {
      failed++;
      const message = error instanceof Error ? error.message : String(error);
      if (flags.json) console.log(JSON.stringify({ type: "error", file, message }));
      console.error(`earshot: ${message}`);
      continue;
    }
    audioMs += pcm.length / 16;
    const detector = createDetector(engine, {
      live: false,
      settings: (model) => triggerSettings(config, model),
    });
    for await (const { atMs, scores, detections: heard } of scan(detector, pcm)) {
      if (flags.scores) {
        const named = Object.fromEntries(names.map((name, index) => [name, rounded(scores[index] ?? 0)]));
        say({ type: "scores", file, atMs, scores: named }, `${seconds(atMs)}  ${JSON.stringify(named)}`);
      }
      for (const { model, confidence } of heard) {
        detections++;
        say(
          { type: "detection", file, model, confidence: rounded(confidence), atMs },
          `${seconds(atMs)}  ${model}  ${confidence.toFixed(3)}  ${file}`,
        );
      }
    }
  }
  await engine.close();
  const tookMs = Math.round(performance.now() - startedMs);
  say(
    { type: "summary", files: files.length, failed, detections, audioMs: Math.round(audioMs), tookMs },
    `${detections} ${detections === 1 ? "word" : "words"} in ${files.length - failed} of ${files.length} files, ${seconds(audioMs)} of audio in ${seconds(tookMs)}`,
  );
  if (failed > 0) process.exitCode = EXIT.failure;
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`.padStart(9);

const rounded = (value: number) => Math.round(value * 1e6) / 1e6;
