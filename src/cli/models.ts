/** `earshot models`: the wake words that are known, by which settings they go, and whether their files are right. */
import { Command } from "commander";
import { EXIT } from "../supervise/exit-codes.ts";
import type { AbsentModel, CheckedModel, Said, UnusableModel } from "./check-model.ts";
import { modelsTestCommand } from "./models-test.ts";
import { addSettingOptions, commandSettings, jsonOption, type SettingFlags } from "./settings.ts";

/** Of a sha256, as much as tells two files apart. */
const SHORT_HASH = 12;
const ORIGINS = { configuration: "configuration", shipped: "shipped", file: "its file", default: "default" } as const;

export function modelsCommand(): Command {
  const models = addSettingOptions(new Command("models"))
    .description("List the wake words: which are known, which are switched on, by which settings they go.")
    .addOption(jsonOption())
    .addHelpText("after", "\nExit code 0 only if every model that is switched on can be used.")
    .action(listModels);
  return models.addCommand(modelsTestCommand());
}

async function listModels(flags: SettingFlags & { readonly json?: boolean }): Promise<void> {
  const { config, found, modelsTrouble } = await commandSettings(flags);
  const { checkEveryModel } = await import("./check-model.ts");
  const models = await checkEveryModel(config, found);
  if (flags.json) console.log(JSON.stringify(models.map(modelRow), undefined, 2));
  else {
    for (const model of models) for (const line of modelLines(model)) console.log(line);
    console.log("\n● switched on (wake.models in earshot.yaml, the models folder, or --model).");
    console.log(`The models folder is ${config.wake.models_folder}: what is put there is listened for at once.`);
    console.log("The shipped heads are CC BY-NC-SA 4.0: not for commercial use.");
  }
  if (modelsTrouble !== undefined) console.error(`earshot: ${modelsTrouble}`);
  const bad = models.some((model) => model.enabled && "error" in model);
  if (bad || modelsTrouble !== undefined) process.exitCode = EXIT.failure;
}

/** For programs: a value each, and beside them who said it. */
export function modelRow(model: CheckedModel | UnusableModel | AbsentModel): Record<string, unknown> {
  if ("error" in model || "waitsFor" in model) return { ...model };
  const { threshold, patience, refractory, sure, vadThreshold, inputScale, ...known } = model;
  return {
    ...known,
    threshold: threshold.value,
    patience: patience.value,
    refractoryMs: refractory.value,
    sure: sure.value,
    vadThreshold: vadThreshold.value,
    inputScale: inputScale.value,
    from: {
      threshold: threshold.from,
      patience: patience.from,
      refractoryMs: refractory.from,
      sure: sure.from,
      vadThreshold: vadThreshold.from,
      inputScale: inputScale.from,
    },
    error: null,
  };
}

/** For people. */
export function modelLines(model: CheckedModel | UnusableModel | AbsentModel): readonly string[] {
  const mark = model.enabled ? "●" : "○";
  if ("error" in model) return [`${mark} ${model.name}`, `    ${model.error}`];
  if ("waitsFor" in model) return [`${mark} ${model.name}`, `    waits for ${model.waitsFor}`];
  const { name, phrase, threshold, patience, refractory, sure, vadThreshold, inputScale } = model;
  const from = <Value>({ from }: Said<Value>) => `(${ORIGINS[from]})`;
  return [
    `${mark} ${name.padEnd(12)} say "${phrase}"`,
    `    threshold ${threshold.value} ${from(threshold)}, ${patience.value} ${patience.value === 1 ? "frame" : "frames"} ${from(patience)}, ` +
      `sure from ${sure.value} ${from(sure)}, refractory ${refractory.value} ms ${from(refractory)}`,
    `    speech ${vadThreshold.value === 0 ? "not asked for" : `from ${vadThreshold.value}`} ${from(vadThreshold)}, ` +
      `input ${inputScale.value} ${from(inputScale)}, looks back ${(model.window * 0.08).toFixed(2)} s`,
    `    ${[model.licence || "licence unknown", model.source, `sha256 ${model.sha256.slice(0, SHORT_HASH)}`].join(", ")}`,
  ];
}
