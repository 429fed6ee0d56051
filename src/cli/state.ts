/** `earshot state`: what a running Earshot is doing, once or as it goes. */
import { Command, InvalidArgumentError, Option } from "commander";
import { duration } from "../config/duration.ts";
import { SAMPLE_RATE } from "../memory/layout.ts";
import { EXIT } from "../supervise/exit-codes.ts";
import { describeCommand, describeSteps } from "../web/command-words.ts";
import { describeEvidence, describeGain } from "../web/gain-words.ts";
import { describePart, describeRound, spokenDuration } from "../web/round-words.ts";
import type { CommandView } from "../web/schemas/commands.ts";
import type { DetectionView, NearMissView } from "../web/schemas/detections.ts";
import type { StateView } from "../web/schemas/state.ts";
import { type Api, createApi } from "./api.ts";
import { addAddressOptions, commandConfig, jsonOption, type SettingFlags } from "./settings.ts";

interface StateFlags extends SettingFlags {
  readonly json?: boolean;
  readonly watch?: boolean;
  readonly simulate?: string;
  readonly for: number;
}

const WATCH_MS = 100;
const SHOWN_COMMANDS = 3;
/** A hop waits for the one before it now and then. */
const SHOWN_LAG_MS = 200;

const MISSING: Readonly<Record<NearMissView["missing"], string>> = {
  below: "the score was too low",
  no_voice: "nobody spoke (vad_threshold)",
  too_quiet: "too quiet (rms_filter)",
  cooling: "within the cooldown",
  outdone: "another word was surer (multi_trigger)",
};

function toDuration(text: string): number {
  const parsed = duration.safeParse(text);
  if (!parsed.success) throw new InvalidArgumentError(`"${text}" is not a duration: write 300ms or 2s.`);
  return parsed.data;
}

export function stateCommand(): Command {
  return addAddressOptions(new Command("state"))
    .description("Show what a running Earshot is doing.")
    .addOption(jsonOption())
    .option("-w, --watch", "again and again, ten times a second, until Ctrl-C")
    .option("--simulate <model>", "wake it as if this word had been heard, and show what follows")
    .addOption(
      new Option("--for <duration>", "how long the simulated activation lasts")
        .argParser(toDuration)
        .default(1000, "1s"),
    )
    .addHelpText("after", "\nExit code 0 only if a wake word would be noticed now.")
    .action(state);
}

async function state(flags: StateFlags): Promise<void> {
  const api = createApi(await commandConfig(flags));
  if (flags.simulate !== undefined) return simulate(api, flags.simulate, flags);
  if (flags.watch) return watch(api, flags);
  const now = await api.get<StateView>("/api/state");
  console.log(flags.json ? JSON.stringify(now, undefined, 2) : describe(now).join("\n"));
  if (!now.activation.armed && !now.activation.is_listening) process.exitCode = EXIT.failure;
}

async function simulate(api: Api, model: string, flags: StateFlags): Promise<void> {
  const detection = await api.post<DetectionView>("/api/simulate", { model, forMs: flags.for });
  if (!flags.json) console.log(`simulated ${model} for ${flags.for} ms`);
  else console.log(JSON.stringify({ type: "detection", detection }));
  let shown = "";
  const untilMs = performance.now() + flags.for + 500;
  while (performance.now() < untilMs) {
    const { activation } = await api.get<StateView>("/api/state");
    if (activation.state !== shown) {
      shown = activation.state;
      console.log(
        flags.json ? JSON.stringify({ type: "activation", activation }) : `${activation.state}: ${activation.status}`,
      );
    }
    await Bun.sleep(20);
  }
}

async function watch(api: Api, flags: StateFlags): Promise<void> {
  let lines = 0;
  for (;;) {
    const now = await api.get<StateView>("/api/state");
    if (flags.json) console.log(JSON.stringify(now));
    else {
      const text = describe(now);
      // Back up over what was drawn before, a line at a time, so that the terminal's history stays.
      const back = process.stdout.isTTY && lines > 0 ? `\x1b[${lines}A\x1b[J` : "";
      process.stdout.write(`${back}${text.join("\n")}\n`);
      lines = text.length;
    }
    await Bun.sleep(WATCH_MS);
  }
}

/** By the numbers that relays are told. */
const STATUS = ["connected", "contending", "winner", "cancelled"] as const;

/** What a running Earshot is doing, a line each. */
export function describe(state: StateView): string[] {
  const { activation, activations, audio, streams, models, commands, detections, nearMisses, health } = state;
  const bar = (value: number) => "█".repeat(Math.round(value * 20)).padEnd(20, "·");
  const [newest] = detections;
  const [nearest] = nearMisses;
  const hears = audio.state !== "none";
  return [
    `${activation.status}${activation.armed && hears ? ` (RMS: ${activation.rms.toFixed(2)})` : ""}`,
    ...activations
      .filter(({ local }) => !local)
      .map(({ relay, status, confidence }) => `activation ${relay.padEnd(16)} ${status}  (${confidence.toFixed(2)})`),
    `audio      ${audio.state}${audio.demo ? " (demo)" : ""}${audio.asleep ? " (asleep)" : ""}  ${audio.device || audio.error || ""}`,
    `speaker    ${audio.speaker.state}  ${audio.speaker.device || audio.speaker.error || ""}`.trimEnd(),
    ...streams
      .filter(({ id }) => id !== 0)
      .map(({ name, state, asleep, rms, lagMs, lostSamples }) => {
        const late = lagMs >= SHOWN_LAG_MS ? `  ${lagMs} ms behind` : "";
        const lost = lostSamples > 0 ? `  ${(lostSamples / SAMPLE_RATE).toFixed(1)} s passed over` : "";
        return `stream     ${name.padEnd(16)} ${state}${asleep ? " (asleep)" : ""}  RMS ${rms.toFixed(2)}${late}${lost}`;
      }),
    ...hubLine(state),
    ...house(state),
    ...models.map(({ name, state, score, threshold, error }) => {
      // Relays and streams have scores of their own: a hub without a microphone has none.
      const heard = hears ? `${bar(score)} ${score.toFixed(2)} of ` : "threshold ";
      return `${name.padEnd(10)} ${heard}${threshold.toFixed(2)}  ${error ?? state}`;
    }),
    ...commands.slice(0, SHOWN_COMMANDS).flatMap(commandLines),
    newest === undefined
      ? "last word  none yet"
      : `last word  ${newest.model} ${newest.confidence.toFixed(2)} at ${new Date(newest.timestamp).toISOString()}${newest.source === null ? "" : ` from ${newest.source}`}${newest.simulated ? " (simulated)" : ""}`,
    ...(nearest === undefined
      ? []
      : [
          `near miss  ${nearest.model} ${nearest.confidence.toFixed(2)} of ${nearest.threshold.toFixed(2)} at ${new Date(nearest.timestamp).toISOString()}: ${MISSING[nearest.missing]}`,
        ]),
    `health     ${health.status}`,
    ...health.reasons.map(({ message, hint }) => `           ${message}${hint === undefined ? "" : ` — ${hint}`}`),
  ];
}

/** What followed a wake word, and what was said where that is to be seen. */
function commandLines(command: CommandView): string[] {
  const { at, model, transcript, answer } = command;
  const words = [transcript, answer].flatMap((said) => (said === null ? [] : [`"${said}"`])).join(" → ");
  return [
    `command    ${new Date(at).toISOString()} ${model}: ${describeCommand(command)}; ${describeSteps(command)}`,
    ...(words === "" ? [] : [`           ${words}`]),
  ];
}

/** Nothing where this machine's microphone is the only one. */
function house({ audio, relays, rounds, arbitration, now }: StateView): string[] {
  const [newest] = rounds;
  if (relays.length < 2) return [];
  const width = Math.max(16, ...relays.map(({ id }) => id.length));
  const lines = relays.map((relay) => {
    const { id, status, room, kind, connected, trouble, since, gain, evidence } = relay;
    const place = room === null ? "" : `, ${room}`;
    const name = `relay      ${id.padEnd(width)}`;
    if (kind === "local" && audio.state === "none") return `${name} the hub, without a microphone of its own`;
    if (!connected) return `${name} away for ${spokenDuration(now - since)}  ${kind}${place}`;
    if (trouble !== null) return `${name} hears nothing: ${trouble}  ${kind}${place}`;
    const part = newest === undefined ? null : describePart(id, newest);
    const last = part === null ? "" : `  last word: ${part}`;
    const known = [describeGain(gain), describeEvidence(evidence)].filter((part) => part !== null);
    return [`${name} ${STATUS[status] ?? status}  ${kind}${place}${last}`, ...known].join("  ");
  });
  if (newest !== undefined) {
    const { model, outcome } = describeRound(newest);
    lines.push(`round      ${model ?? "a wake word"}: ${outcome}`);
  }
  lines.push(...decision(arbitration, now));
  return lines;
}

/** What is being decided, while something is. */
function decision({ underWay, phase, contenders, waiting, winner, closesAt }: StateView["arbitration"], now: number) {
  const others = underWay > 1 ? [`${underWay} words at once`] : [];
  if (phase === "granted" || phase === "serving") return [["answering ", winner ?? "?", ...others].join("  ")];
  if (phase !== "open") return [];
  const claimed = `${contenders} ${contenders === 1 ? "microphone" : "microphones"} heard the word`;
  const left = closesAt === null ? "" : `, ${Math.max(0, closesAt - now)} ms at most`;
  const awaited = waiting === 0 ? [] : [`${waiting} more ${waiting === 1 ? "is" : "are"} waited for${left}`];
  return [`deciding   who answers: ${[claimed, ...awaited, ...others].join(", ")}`];
}

/** Of a machine that is a relay. */
function hubLine({ satellite }: StateView): string[] {
  if (satellite === null) return [];
  const { connected, hub, hubName, id, why, whileAway, audioOnly } = satellite;
  if (connected)
    return [`hub        ${hubName} (${hub})  connected as ${id}${audioOnly ? ", which listens for it" : ""}`];
  return [`hub        ${hub}  away: ${why}  ${whileAway === "alone" && !audioOnly ? "(answers alone)" : ""}`.trimEnd()];
}
