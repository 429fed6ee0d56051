/** `earshot models`: the wake words that are known, and whether their files are right. */
import { Command } from "commander";
import { EXIT } from "../supervise/exit-codes.ts";
import { addSettingOptions, commandConfig, jsonOption, type SettingFlags } from "./settings.ts";

export function modelsCommand(): Command {
  return addSettingOptions(new Command("models"))
    .description("List the wake words: which are known, which are switched on, whether their files are right.")
    .addOption(jsonOption())
    .addHelpText("after", "\nExit code 0 only if every model that is switched on can be used.")
    .action(async (flags: SettingFlags & { readonly json?: boolean }) => {
      const { wake } = await commandConfig(flags);
      const { CATALOGUE } = await import("../wake/catalogue.ts");
      const { checkModel } = await import("./check-model.ts");
      const names = new Set([...CATALOGUE.map(({ name }) => name), ...Object.keys(wake.models)]);
      const rows = [];
      for (const name of names) {
        const settings = wake.models[name];
        const checked = await checkModel(name, settings?.file);
        rows.push({
          name,
          enabled: settings?.enabled ?? false,
          phrase: checked.phrase,
          threshold: settings?.threshold ?? checked.threshold,
          licence: checked.licence,
          source: checked.source,
          window: checked.window,
          error: checked.error,
        });
      }
      if (flags.json) console.log(JSON.stringify(rows, undefined, 2));
      else {
        for (const row of rows) {
          console.log(`${row.enabled ? "●" : "○"} ${row.name.padEnd(12)} say "${row.phrase}"`);
          console.log(
            row.error === null
              ? `    threshold ${row.threshold}, looks back ${(row.window * 0.08).toFixed(2)} s, ${row.licence}, ${row.source}`
              : `    ${row.error}`,
          );
        }
        console.log("\n● switched on (wake.models in earshot.yaml, or --model).");
        console.log("The shipped heads are CC BY-NC-SA 4.0: not for commercial use.");
      }
      if (rows.some(({ enabled, error }) => enabled && error !== null)) process.exitCode = EXIT.failure;
    });
}
