/** `earshot relay`: the whole program as `earshot run`, whose wake words a hub elsewhere decides about. */
import { resolve } from "node:path";
import { Command, Option } from "commander";
import { ConfigError } from "../config/config-error.ts";
import type { Override } from "../config/environment.ts";
import { loadConfig } from "../config/load.ts";
import { runProgram } from "./run.ts";
import { addSettingOptions, configSources, type SettingFlags } from "./settings.ts";

const TOKEN_VARIABLE = "EARSHOT_RELAY_TOKEN";

export interface RelayFlags {
  readonly hub?: string;
  readonly id?: string;
  readonly tokenFile?: string;
  readonly caFile?: string;
  readonly whileAway?: "alone" | "silent";
  readonly audioOnly?: boolean;
}

export function relayCommand(): Command {
  return addSettingOptions(new Command("relay"))
    .description("Listen here, and let a hub decide which of several microphones answers.")
    .option("--hub <url>", "where the hub is: hall, hall:7171 or wss://hall:7171 (relay.hub)")
    .option("--id <name>", "what this relay is called; without it, as its token is, or this machine (relay.id)")
    .option("--token-file <file>", `holds the token from "earshot token add" (or the environment: ${TOKEN_VARIABLE})`)
    .option("--ca-file <file>", "who vouches for a hub at wss://: its earshot-ca.crt (relay.ca_file)")
    .addOption(
      new Option(
        "--while-away <what>",
        "when a word is heard and the hub is away: stay silent, or answer alone (relay.while_away)",
      ).choices(["silent", "alone"]),
    )
    .option("--audio-only", "send all sound, and let the hub listen for wake words (relay.audio_only)")
    .addOption(new Option("--demo-without-microphone", "play demo audio while there is no microphone"))
    .addOption(new Option("--json", "print what the hub says, a line of JSON each"))
    .addHelpText(
      "after",
      `
It has the page, the API and the settings of "earshot run"; its page is at port 7172, so that a relay and its hub can share
a machine. With relay.hub in earshot.yaml "earshot run" does the same.

Examples:
  EARSHOT_RELAY_TOKEN=... earshot relay --hub hall
  earshot relay --hub hall:7171 --token-file kitchen.token --while-away alone
  earshot relay --hub localhost:7171 --id desk --source "USB PnP"`,
    )
    .action(async (flags: SettingFlags & RelayFlags & { readonly json?: boolean }) => {
      const sources = await configSources(flags, process.env);
      const asRelay = { ...sources, overrides: [...sources.overrides, ...relayOverrides(flags)] };
      mustNameAHub(asRelay);
      await runProgram(asRelay, { ...flags, printRelayEvents: flags.json === true });
    });
}

/** Flags, as the settings that they decide. Paths are from where the command was given. */
export function relayOverrides({ hub, id, tokenFile, caFile, whileAway, audioOnly }: RelayFlags): readonly Override[] {
  const overrides: Override[] = [];
  const flag = (value: unknown, origin: string, key: string) => {
    if (value !== undefined) overrides.push({ path: ["relay", key], value, origin });
  };
  flag(hub, "--hub", "hub");
  flag(id, "--id", "id");
  flag(tokenFile === undefined ? undefined : resolve(tokenFile), "--token-file", "token_file");
  flag(caFile === undefined ? undefined : resolve(caFile), "--ca-file", "ca_file");
  flag(whileAway, "--while-away", "while_away");
  flag(audioOnly, "--audio-only", "audio_only");
  return overrides;
}

function mustNameAHub(sources: Parameters<typeof loadConfig>[0]): void {
  if (loadConfig(sources).config.relay.hub !== undefined) return;
  const message = "which hub? --hub hall:7171 says it, or relay.hub in the configuration";
  throw new ConfigError([{ setting: "relay.hub", message, where: "earshot relay" }]);
}
