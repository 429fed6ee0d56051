/** `earshot relays`: the microphones of the house, and what a person can say of them. */
import { Command } from "commander";
import { describeEvidence, describeGain } from "../web/gain-words.ts";
import { spokenDuration } from "../web/round-words.ts";
import type { RelayView } from "../web/schemas/relays.ts";
import type { StateView } from "../web/schemas/state.ts";
import { createApi } from "./api.ts";
import { addAddressOptions, commandConfig, jsonOption, type SettingFlags } from "./settings.ts";

interface RelaysFlags extends SettingFlags {
  readonly json?: boolean;
}

export function relaysCommand(): Command {
  const command = (name: string) => addAddressOptions(new Command(name)).addOption(jsonOption());
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
  const api = createApi(await commandConfig(flags));
  const { relays } = await api.get<{ relays: RelayView[] }>("/api/relays");
  if (flags.json) console.log(JSON.stringify(relays, undefined, 2));
  else console.log(describeRelays(relays, await api.get<StateView>("/api/state")).join("\n"));
}

/** A line each: what it is called, whether a word would be noticed there, and what is known of it. */
export function describeRelays(relays: readonly RelayView[], state: Pick<StateView, "audio" | "now">): string[] {
  const width = Math.max(...relays.map(({ id }) => id.length));
  return relays.map((relay) => {
    const { id, room, gain, evidence } = relay;
    const parts = [hearingOf(relay, state), room, describeGain(gain), describeEvidence(evidence)];
    return `${id.padEnd(width)}  ${parts.filter((part) => part !== null).join(", ")}`;
  });
}

function hearingOf(
  { kind, connected, trouble, since }: RelayView,
  { audio, now }: Pick<StateView, "audio" | "now">,
): string {
  if (!connected) return `away for ${spokenDuration(now - since)}`;
  if (kind === "local" && audio.state === "none") return "the hub, without a microphone of its own";
  if (trouble === "muted" || (kind === "local" && audio.muted)) return "muted";
  if (trouble !== null) return `hears nothing: ${trouble}`;
  const hears = kind !== "local" || audio.state === "open";
  return hears ? "here" : `hears nothing: ${audio.error ?? audio.state}`;
}

async function say(name: string, what: string, done: string, flags: RelaysFlags): Promise<void> {
  const answer = await createApi(await commandConfig(flags)).post(
    `/api/relays/${encodeURIComponent(name)}/${what}`,
    {},
  );
  console.log(flags.json ? JSON.stringify(answer) : done);
}
