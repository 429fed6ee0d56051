import { Command } from "commander";
import { createApi } from "./api.ts";
import { addAddressOptions, commandConfig, jsonOption, type SettingFlags } from "./settings.ts";

/** `earshot reset`: ends an activation that is stuck. */
export function resetCommand(): Command {
  return addAddressOptions(new Command("reset"))
    .description("End an activation that is stuck, and let detection begin anew.")
    .addOption(jsonOption())
    .action(async (flags: SettingFlags & { readonly json?: boolean }) => {
      const answer = await createApi(await commandConfig(flags)).post("/api/reset", {});
      console.log(
        flags.json ? JSON.stringify(answer) : "reset: a live stream is listened to for 2 s before it may wake anybody",
      );
    });
}
