/** Whether this user may open the sound devices and write the configuration, and what to do where it may not. */
import { access, constants, readdir, readFile, realpath, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseSource } from "../audio/source.ts";
import type { Tell } from "./checks.ts";

/** What of the machine is looked at; all of it as it is unless something is said. */
export interface Machine {
  /** @default "/dev/snd" */
  readonly soundFolder?: string;
  /** @default "/etc/group" */
  readonly groupFile?: string;
  /** @default process.env */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Whether this user has `mode` (of fs.constants) on a path. */
  readonly may?: (path: string, mode: number) => Promise<boolean>;
}

/** @returns what the user must do to be let in, where the sound devices are closed to it */
export async function checkSoundAccess(wanted: string, tell: Tell, machine: Machine = {}): Promise<string | undefined> {
  if (parseSource(wanted).kind !== "device") return undefined;
  const served = await checkSoundServer(tell, machine.environment ?? process.env);
  const { soundFolder = "/dev/snd", groupFile = "/etc/group", may = isAllowed } = machine;
  const name = "sound devices";
  // pcmC1D0c: card 1, device 0, capture.
  const entries = await readdir(soundFolder).catch(() => undefined);
  const nodes = entries?.filter((entry) => /^pcm.*c$/.test(entry)).map((entry) => join(soundFolder, entry));
  if (nodes === undefined || nodes.length === 0) {
    const message = nodes === undefined ? "the kernel sees no sound card" : "no sound card has an input";
    tell(
      served
        ? { name, level: "ok", message: `${message}; the sound server has its own devices` }
        : { name, level: "warning", message, hint: "plug in a microphone; dmesg says what the kernel makes of it" },
    );
    return undefined;
  }
  const allowed = await Promise.all(nodes.map((node) => may(node, constants.R_OK | constants.W_OK)));
  const closed = nodes.filter((_, i) => !allowed[i]);
  const [first] = closed;
  if (first === undefined) {
    tell({ name, level: "ok", message: `this user may open ${nodes.join(", ")}` });
    return undefined;
  }
  const { gid } = await stat(first);
  const group = await groupName(gid, groupFile);
  const hint =
    gid === 0
      ? `${first} was given to no group: restart the machine, or sudo udevadm trigger --subsystem-match=sound`
      : `sudo usermod -aG ${group} $USER, then log in again`;
  tell({
    name,
    level: served || closed.length < nodes.length ? "warning" : "failed",
    message: `this user may not open ${closed.join(", ")}: group ${group} owns ${closed.length === 1 ? "it" : "them"}`,
    hint,
  });
  return hint;
}

/** Whether the page can keep what its sliders and its mute button change. The file is replaced as a whole: its folder counts. */
export async function checkConfigFile(file: string, tell: Tell, may: Machine["may"] = isAllowed): Promise<void> {
  const name = "changes";
  const folder = await nearestFolder(dirname(await realpath(file).catch(() => file)));
  tell(
    (await may(folder, constants.W_OK | constants.X_OK))
      ? { name, level: "ok", message: `the page's changes can be kept in ${file}` }
      : {
          name,
          level: "warning",
          message: `${folder} cannot be written: volume, mute and thresholds set on the page cannot be kept`,
          hint: `sudo chown $USER ${folder}, or --config names a file elsewhere`,
        },
  );
}

/** @returns whether a sound server answers */
async function checkSoundServer(tell: Tell, environment: NonNullable<Machine["environment"]>): Promise<boolean> {
  const name = "sound server";
  const named = environment.PULSE_SERVER;
  const runtime = environment.XDG_RUNTIME_DIR;
  const server = named || (runtime ? `unix:${join(runtime, "pulse/native")}` : undefined);
  if (server === undefined) {
    tell({ name, level: "ok", message: "none is named: ALSA's own devices are used" });
    return false;
  }
  const answers = await canConnect(server);
  if (answers) tell({ name, level: "ok", message: `${server} answers` });
  else if (!named) tell({ name, level: "ok", message: `none at ${server}: ALSA's own devices are used` });
  else {
    tell({
      name,
      level: "warning",
      message: `PULSE_SERVER names ${server}, which does not answer`,
      hint: "start it, or unset PULSE_SERVER",
    });
  }
  return answers;
}

/** PulseAudio's "Server Strings": alternatives with spaces between, each {machine}unix:PATH, PATH or tcp:HOST:PORT. */
async function canConnect(servers: string): Promise<boolean> {
  for (const server of servers.split(/\s+/)) {
    const address = server.replace(/^\{[^}]*\}/, "");
    const path = address.startsWith("/") ? address : /^unix:(.+)$/.exec(address)?.[1];
    const [, hostname = "", port = "4713"] = /^(?:tcp[46]?:)?(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(address) ?? [];
    const socket = { data() {} };
    const connecting =
      path === undefined
        ? Bun.connect({ hostname: hostname.replace(/^\[|\]$/g, ""), port: Number(port), socket })
        : Bun.connect({ unix: path, socket });
    const connected = connecting.then(
      (connection) => {
        connection.end();
        return true;
      },
      () => false,
    );
    if (await Promise.race([connected, Bun.sleep(1000).then(() => false)])) return true;
  }
  return false;
}

async function isAllowed(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}

/** The folder itself, or the first one above it that is there: the missing ones are made when they are needed. */
async function nearestFolder(folder: string): Promise<string> {
  const isThere = await stat(folder).catch(() => undefined);
  return isThere || folder === dirname(folder) ? folder : nearestFolder(dirname(folder));
}

async function groupName(gid: number, groupFile: string): Promise<string> {
  const lines = (await readFile(groupFile, "utf8").catch(() => "")).split("\n");
  return lines.map((line) => line.split(":")).find(([, , id]) => id === String(gid))?.[0] ?? String(gid);
}
