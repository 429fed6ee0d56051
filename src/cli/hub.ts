/** `earshot hub`: decides for the relays of a house, and has no microphone of its own. */
import { Command } from "commander";
import type { Override } from "../config/environment.ts";
import { runProgram } from "./run.ts";
import { addSettingOptions, configSources, type SettingFlags } from "./settings.ts";

const COMMAND = "earshot hub";

export function hubCommand(): Command {
  return addSettingOptions(new Command("hub"))
    .description("Decide which of several relays answers, without a microphone of its own.")
    .addHelpText(
      "after",
      `
The same as "earshot run --source none". Relays and senders connect to it: earshot token add NAME pairs one.
While nobody listens in any room, /api/health is down: a wake word would go unnoticed.

Examples:
  earshot hub --host 0.0.0.0            (web.password must be set)
  earshot token add kitchen`,
    )
    .action(async (flags: SettingFlags) => {
      const sources = await configSources(flags, process.env);
      await runProgram({ ...sources, overrides: [...sources.overrides, ...hubOverrides(flags)] }, {});
    });
}

/** What the command decides against the file: a microphone is opened only where a flag names one. */
export function hubOverrides({ source }: Pick<SettingFlags, "source">): readonly Override[] {
  const isHub: Override = { path: ["relay", "hub"], value: undefined, origin: COMMAND };
  return source === undefined ? [isHub, { path: ["audio", "source"], value: "none", origin: COMMAND }] : [isHub];
}
