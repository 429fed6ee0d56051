/** `earshot relay`: a microphone whose words a hub elsewhere decides about. */
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { Command, Option } from "commander";
import { monotonicMs } from "../../ffi/clock.ts";
import { version } from "../../package.json";
import type { AudioSource } from "../audio/source.ts";
import { reopenDelayMs } from "../capture/reopen-delay.ts";
import { dialWebSocket, relayUrl } from "../relay/dial.ts";
import { RelayClient } from "../relay/relay-client.ts";
import { RelayEar } from "../relay/relay-ear.ts";
import type { RelayEvent } from "../relay/relay-events.ts";
import { addSettingOptions, commandSettings, jsonOption, type SettingFlags } from "./settings.ts";

const TOKEN_VARIABLE = "EARSHOT_RELAY_TOKEN";
const READ_MS = 10;
const BLOCK_SAMPLES = 320;
/** A live source that gives nothing for this long is broken. */
const SILENT_SOURCE_MS = 1000;

export interface RelayFlags extends SettingFlags {
  readonly hub: string;
  readonly id?: string;
  readonly tokenFile?: string;
  readonly whileAway: "alone" | "silent";
  readonly audioOnly?: boolean;
  readonly json?: boolean;
}

export function relayCommand(): Command {
  return addSettingOptions(new Command("relay"))
    .description("Be a relay: listen here, and let a hub decide which of several microphones answers.")
    .requiredOption("--hub <url>", "where the hub is: ws://hall:7171, or hall:7171")
    .option("--id <name>", "what this relay is called; without it, as its token is, or this machine")
    .option("--token-file <file>", `holds the token from "earshot token add" (or the environment: ${TOKEN_VARIABLE})`)
    .addOption(
      new Option("--while-away <what>", "when a word is heard and the hub is away: answer alone, or stay silent")
        .choices(["alone", "silent"])
        .default("silent"),
    )
    .option("--audio-only", "send all sound, and let the hub listen for wake words")
    .addOption(jsonOption())
    .action(async (flags: RelayFlags) => {
      const ended = new AbortController();
      for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => ended.abort());
      await relay(flags, {
        signal: ended.signal,
        token: await tokenOf(flags),
        tell: (event) => {
          const line = flags.json ? JSON.stringify(event, shortened) : lineOf(event);
          if (line !== undefined) console.log(line);
        },
        complain: (line) => console.error(line),
      });
    });
}

export interface RelaySurroundings {
  /** Ends it. */
  readonly signal: AbortSignal;
  readonly token: string | undefined;
  readonly tell: (event: RelayEvent) => void;
  readonly complain: (line: string) => void;
}

/** Runs until it is told to end, or its file is over. */
export async function relay(flags: RelayFlags, { signal, token, tell, complain }: RelaySurroundings): Promise<void> {
  const url = relayUrl(flags.hub);
  const { config, found } = await commandSettings(flags);
  const detects = flags.audioOnly !== true;
  const { openRelayDetector } = await import("./relay-detector.ts");
  const detector = detects ? await openRelayDetector(config, found, complain) : undefined;
  const id = flags.id ?? (token === undefined ? (config.name ?? hostname()) : undefined);
  const client = new RelayClient({
    identity: {
      id,
      capabilities: { detects, evidence: detects, onset: true, asks: detects, plays: false },
      models: detector?.models ?? [],
      software: `earshot ${version}`,
    },
    dial: dialWebSocket(url, token),
    monotonicMs,
    random: Math.random,
    whileAway: flags.whileAway,
    tell,
  });
  client.muted = config.audio.muted;
  const ticking = setInterval(() => client.tick(), 100);
  client.start();
  try {
    await listen(config.audio.source, new RelayEar(detector), client, signal, complain);
  } finally {
    clearInterval(ticking);
    client.stop();
    await detector?.close();
  }
}

/** Feeds the client from the source, and opens it again for ever when it breaks. */
async function listen(
  text: string,
  ear: RelayEar,
  client: RelayClient,
  signal: AbortSignal,
  complain: (line: string) => void,
): Promise<void> {
  const { openSource } = await import("../audio/open-source.ts");
  for (let failures = 0; !signal.aborted; ) {
    let source: AudioSource | undefined;
    try {
      source = await openSource(text, monotonicMs);
      ear.begin(monotonicMs(), source.live);
      const ended = await drain(source, ear, client, signal, () => {
        failures = 0;
      });
      if (ended) return;
    } catch (error) {
      failures++;
      complain(`earshot: ${error instanceof Error ? error.message : String(error)}`);
      await Bun.sleep(reopenDelayMs(failures));
    } finally {
      source?.close();
    }
    client.lost(1);
  }
}

/** @returns whether the source is over */
async function drain(
  source: AudioSource,
  ear: RelayEar,
  client: RelayClient,
  signal: AbortSignal,
  heard: () => void,
): Promise<boolean> {
  const block = new Int16Array(BLOCK_SAMPLES);
  let newestMs = monotonicMs();
  while (!signal.aborted) {
    const read = source.read(block);
    if (read === "ended") return true;
    if (read === 0) {
      if (source.live && monotonicMs() - newestMs > SILENT_SOURCE_MS) {
        throw new Error(`${source.description} gives no sound any more: it is opened again`);
      }
      await Bun.sleep(READ_MS);
      continue;
    }
    newestMs = monotonicMs();
    heard();
    for (const hop of await ear.take(block.subarray(0, read), newestMs)) client.hear(hop);
  }
  return true;
}

async function tokenOf({ tokenFile }: RelayFlags): Promise<string | undefined> {
  if (tokenFile !== undefined) return (await readFile(tokenFile, "utf8")).trim();
  return process.env[TOKEN_VARIABLE];
}

/** For people; state is for programs. */
function lineOf(event: RelayEvent): string | undefined {
  switch (event.type) {
    case "connected":
      return `part of the house of ${event.welcome.hub} as ${event.welcome.id}`;
    case "away":
      return `the hub is away: ${event.message}`;
    case "claimed":
      return `heard ${event.model} (${event.confidence.toFixed(2)})`;
    case "granted":
      return "this relay answers";
    case "lost":
      return event.winner === undefined ? `not this relay (${event.why})` : `${event.winner.id} answers (${event.why})`;
    case "alone":
      return `heard ${event.model} (${event.confidence.toFixed(2)}) without the hub: this relay answers`;
    case "enough":
      return "heard the whole command";
    case "over":
      return `over (${event.why})`;
    case "reply":
      return event.text;
    case "error":
      return `the hub did not understand: ${event.message}`;
    default:
      return undefined;
  }
}

/** Sound is not for a line of JSON. */
function shortened(key: string, value: unknown): unknown {
  return key === "pcm" ? undefined : value;
}
