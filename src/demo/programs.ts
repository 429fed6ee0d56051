/** The programs of the demo's house: a hub, and relays that hear what they are given. Each is a whole Earshot of its own. */
import { join } from "node:path";
import { stringify } from "yaml";
import type { LiveRoom } from "./live-room.ts";
import { ROOMS } from "./small-house.ts";

/** So often a relay is given sound, ms. */
const PIECE_MS = 20;
const STOP_MS = 5000;

export interface Program {
  readonly name: string;
  readonly exited: Promise<number>;
  /** SIGTERM, and SIGKILL where that does not help. */
  stop(): Promise<void>;
}

export interface HousePlan {
  /** An empty one, for configurations. */
  readonly folder: string;
  /** What runs Earshot, without its arguments. */
  readonly earshot: readonly string[];
  readonly port: number;
  readonly intentUrl: string;
  readonly grammarPath: string;
}

export async function startHub({ folder, earshot, port, intentUrl, grammarPath }: HousePlan): Promise<Program> {
  const file = await written(folder, "hub", {
    name: "house",
    wake: { models: { alexa: {} } },
    relays: Object.fromEntries(ROOMS.map(({ relay, name }) => [relay, { room: name }])),
    command: {
      sink: {
        kind: "program",
        program: "pocketsphinx_continuous",
        args: ["-infile", "/dev/stdin", "-jsgf", grammarPath, "-logfn", "/dev/null"],
      },
      intent: { kind: "webhook", url: intentUrl },
      speech: { kind: "program", program: "espeak-ng", args: ["-v", "en-us", "--stdin", "--stdout"] },
    },
    // Nobody's privacy: machines talk to machines.
    privacy: { show_transcripts: true },
    web: { port },
    log: { level: "warning" },
  });
  return started("hub", [...earshot, "hub", "--config", file]);
}

/** @param live what it hears */
export async function startRelay({ folder, earshot, port }: HousePlan, live: LiveRoom): Promise<Program> {
  const { relay } = live.room;
  const file = await written(folder, relay, {
    name: relay,
    audio: { source: "stdin" },
    wake: { models: { alexa: {} } },
    relay: { hub: `127.0.0.1:${port}` },
    web: { port: 0 },
    // That this machine has no loudspeaker is no news three times over.
    log: { level: "error" },
  });
  return started(relay, [...earshot, "relay", "--config", file], live);
}

async function written(folder: string, name: string, config: unknown): Promise<string> {
  const path = join(folder, `${name}.yaml`);
  await Bun.write(path, stringify(config));
  return path;
}

function started(name: string, command: readonly string[], live?: LiveRoom): Program {
  const child = Bun.spawn([...command], {
    stdin: live === undefined ? "ignore" : "pipe",
    stdout: "ignore",
    stderr: "inherit",
  });
  const feeding = setInterval(() => {
    if (live === undefined || typeof child.stdin !== "object") return;
    feed(child.stdin, live.take(performance.now())).catch(() => {});
  }, PIECE_MS);
  const exited = child.exited.finally(() => clearInterval(feeding));
  return {
    name,
    exited,
    async stop() {
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
      await exited;
      clearTimeout(late);
    },
  };
}

/** @throws when nobody reads any more, which its exit says better */
async function feed(stdin: Bun.FileSink, pcm: Int16Array<ArrayBuffer>): Promise<void> {
  await stdin.write(new Uint8Array(pcm.buffer));
  await stdin.flush();
}
