/** `earshot relays`: the microphones of the house, and what a person can say of them. */
import { Command } from "commander";
import { describeEvidence, describeGain } from "../web/gain-words.ts";
import type { RelayView } from "../web/schemas.ts";
import { createApi } from "./api.ts";
import { addSettingOptions, commandConfig, jsonOption, type SettingFlags } from "./settings.ts";

interface RelaysFlags extends SettingFlags {
  readonly json?: boolean;
}

export function relaysCommand(): Command {
  const command = (name: string) => addSettingOptions(new Command(name)).addOption(jsonOption());
  const relays = new Command("relays").description(
    "The microphones of the house: how loud each is, and who is believed.",
  );
  relays.addCommand(command("list").description("List them, with what was learned of their gains.").action(list), {
    isDefault: true,
  });
  relays.addCommand(
    command("forget")
      .argument("<name>", "what the relay is called")
      .description("Forget what was learned of its gain: it was moved, or has another microphone.")
      .action((name: string, flags: RelaysFlags) =>
        say(name, "forget-gain", `the gain of ${name} is learned anew`, flags),
      ),
  );
  relays.addCommand(
    command("trust")
      .argument("<name>", "what the relay is called")
      .description("Believe again what it measures, after it claimed more than its sound showed.")
      .action((name: string, flags: RelaysFlags) => say(name, "trust", `${name} is believed`, flags)),
  );
  return relays;
}

async function list(flags: RelaysFlags): Promise<void> {
  const { relays } = await createApi(await commandConfig(flags)).get<{ relays: RelayView[] }>("/api/relays");
  if (flags.json) {
    console.log(JSON.stringify(relays, undefined, 2));
    return;
  }
  for (const { id, room, connected, gain, evidence } of relays) {
    const parts = [connected ? "here" : "away", room, describeGain(gain), describeEvidence(evidence)];
    console.log(`${id.padEnd(24)} ${parts.filter((part) => part !== null).join(", ")}`);
  }
}

async function say(name: string, what: string, done: string, flags: RelaysFlags): Promise<void> {
  const answer = await createApi(await commandConfig(flags)).post(
    `/api/relays/${encodeURIComponent(name)}/${what}`,
    {},
  );
  console.log(flags.json ? JSON.stringify(answer) : done);
}
