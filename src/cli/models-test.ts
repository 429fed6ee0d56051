/** `earshot models test`: what a head would do in the house, by recordings with its word and without. */
import { resolve } from "node:path";
import { Command, Option } from "commander";
import { configSchema, INPUT_SCALES, MODEL_DEFAULTS } from "../config/schema.ts";
import type { ModelEntry } from "../wake/load.ts";
import { defaultSure, type TriggerSettings } from "../wake/trigger.ts";
import { type Evidence, reportLines, reportOn, THRESHOLDS } from "./models-test-report.ts";
import { jsonOption, toNumber } from "./settings.ts";

type Scale = (typeof INPUT_SCALES)[number];

export interface ModelsTestFlags {
  readonly positives: string;
  readonly negatives: string;
  readonly threshold?: number;
  readonly inputScale?: Scale;
  readonly json?: boolean;
}

export function modelsTestCommand(): Command {
  return new Command("test")
    .description("Say what a head would do: which recordings of its word it hears, and what else wakes it.")
    .argument("<file>", "the path of an .onnx, or the name of a shipped model")
    .requiredOption("--positives <folder>", "recordings with the word, once each (WAV, FLAC, MP3, Ogg)")
    .requiredOption("--negatives <folder>", "recordings without it: the longer, the better")
    .addOption(new Option("-t, --threshold <0..1>", "instead of the model's own").argParser(toNumber))
    .addOption(new Option("--input-scale <scale>", "samples as the head takes them").choices([...INPUT_SCALES]))
    .addOption(jsonOption())
    .exitOverride()
    .showHelpAfterError("(earshot models test --help shows what there is)")
    .addHelpText(
      "after",
      `
It goes by the defaults of the house: patience, refractory and the veto of the voice detector. Subfolders count.
Exit code 0 only if it could be judged: by one recording of each kind at least.

Example:
  earshot models test models/computer.onnx --positives clips/computer --negatives evenings`,
    )
    .action(async (file: string, _own: unknown, command: Command) => {
      // --threshold and --json are options of `earshot models` too, which takes them wherever they stand.
      await testModel(file, command.optsWithGlobals<ModelsTestFlags>(), {
        say: (line) => console.log(line),
        complain: (line) => console.error(line),
      });
    });
}

export interface Terminal {
  readonly say: (line: string) => void;
  readonly complain: (line: string) => void;
}

/** @throws Error, WakeModelError when it cannot be judged */
export async function testModel(file: string, flags: ModelsTestFlags, { say, complain }: Terminal): Promise<void> {
  const { threshold } = flags;
  if (threshold !== undefined && !(threshold >= 0.01 && threshold <= 1)) {
    throw new Error(`--threshold ${threshold}: from 0.01 to 1`);
  }
  const { believedScores, judge, readTogether, soundFilesIn } = await import("./models-test-scores.ts");
  const files = { positives: await soundFilesIn(flags.positives), negatives: await soundFilesIn(flags.negatives) };
  const { createEngine } = await import("../wake/engine.ts");
  const { loadVoiceActivity } = await import("../wake/voice-activity.ts");
  const readFile = (path: string) => Bun.file(path).bytes();
  const entry = entryOf(file, flags.inputScale);
  const engine = await createEngine({ models: [entry], readFile });
  const [model] = engine.models;
  if (model === undefined) throw new Error(`${file} cannot be used`);
  const settings = houseSettings(threshold ?? model.threshold);
  const tried = [settings, ...THRESHOLDS.map(houseSettings)];
  const voice = await loadVoiceActivity(readFile).catch((error: unknown) => {
    complain(`earshot: no veto: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  });
  const unreadable: { file: string; message: string }[] = [];
  const refused = (path: string, message: string) => {
    unreadable.push({ file: path, message });
    complain(`earshot: ${message}`);
  };

  try {
    const positives: Evidence["positives"][number][] = [];
    let heardOtherwise = 0;
    // A shipped model's scale is known.
    const other: Scale = model.inputScale === "unit" ? "int16" : "unit";
    const tryOther = typeof entry !== "string";
    if (tryOther) {
      const twin = { name: `${model.name} with input_scale ${other}`, path: model.path, inputScale: other };
      await engine.setModels([entry, twin]);
    }
    for await (const recordings of readTogether(files.positives, refused)) {
      const scores = await believedScores(engine, recordings);
      for (const [index, recording] of recordings.entries()) {
        const [own, otherwise] = scores[index] ?? [];
        if (own !== undefined) positives.push(await judge(recording, own, tried, voice));
        if (otherwise === undefined) continue;
        const { hits } = await judge(recording, otherwise, [settings], voice);
        if (hits[0]?.some(({ vetoed }) => !vetoed)) heardOtherwise++;
      }
    }
    if (tryOther) await engine.setModels([entry]);
    const negatives: Evidence["negatives"][number][] = [];
    for await (const recordings of readTogether(files.negatives, refused)) {
      const scores = await believedScores(engine, recordings);
      for (const [index, recording] of recordings.entries()) {
        const [own] = scores[index] ?? [];
        if (own !== undefined) negatives.push(await judge(recording, own, tried, voice));
      }
    }
    for (const [kind, judged] of Object.entries({ positives, negatives })) {
      if (judged.length === 0) throw new Error(`no recording of --${kind} can be read: nothing was judged`);
    }
    const otherScale = tryOther ? { inputScale: other, heard: heardOtherwise } : undefined;
    const report = reportOn({ positives, negatives, otherScale }, settings.threshold);
    const { name, path, sha256, window, inputScale } = model;
    if (flags.json) {
      const { recommendation, advice, otherScale: scale, ...counted } = report;
      const about = { name, path, sha256, window, inputScale };
      const recommended = { threshold: recommendation.threshold ?? null, reason: recommendation.reason };
      const scales = { otherScale: scale ?? null, advice: advice ?? null };
      say(
        JSON.stringify(
          { model: about, settings, ...counted, ...scales, recommendation: recommended, unreadable },
          undefined,
          2,
        ),
      );
      return;
    }
    say(`${name}: ${path}, input ${inputScale}, looks back ${(window * 0.08).toFixed(2)} s`);
    for (const line of reportLines(report)) say(line);
    if (unreadable.length > 0) say(`${unreadable.length} of the recordings could not be read and do not count`);
  } finally {
    await voice?.close();
    await engine.close();
  }
}

function entryOf(file: string, inputScale: Scale | undefined): ModelEntry {
  if (!file.toLowerCase().endsWith(".onnx")) {
    if (inputScale === undefined) return file;
    throw new Error("--input-scale is for heads of your own: the shipped ones take int16");
  }
  const name = file.slice(file.lastIndexOf("/") + 1).replace(/\.onnx$/i, "");
  return { name, path: resolve(file), ...(inputScale !== undefined && { inputScale }) };
}

/** What holds for a model of which the configuration says nothing. */
function houseSettings(threshold: number): TriggerSettings {
  const { patience, refractory } = MODEL_DEFAULTS;
  const { vad_threshold: vadThreshold } = configSchema.parse({}).wake;
  return { threshold, patience, refractoryMs: refractory, sure: defaultSure(threshold), vadThreshold };
}
