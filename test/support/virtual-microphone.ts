// A microphone without hardware: a private PulseAudio whose null sink's monitor is the default source.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface VirtualMicrophone {
  /** The whole environment for a program that is to hear this microphone (ALSA reads it when the process starts). */
  readonly env: Readonly<Record<string, string>>;
  /** Plays a sound file into the microphone, in real time; resolves when it has been heard. */
  play(path: string): Promise<void>;
  /**
   * Plays 16 kHz mono s16 as it is, sample for sample; resolves when it has been heard. Where the player is late (a busy
   * machine), zeros stand between two samples, and none is lost.
   */
  playPcm(samples: Int16Array): Promise<void>;
  /** Stops the sound server as a debugger would: it keeps its sockets and answers nothing. */
  freeze(): void;
  thaw(): void;
  /** How many streams record from it. */
  listeners(): Promise<number>;
  /** Takes the device away from the running sound server. */
  unplug(): Promise<void>;
  /** Gives it back after `unplug`. */
  plug(): Promise<void>;
  /** Kills the sound server, as a crash or an unplugged device. */
  kill(): Promise<void>;
  /** Starts it again after `kill`, under the same address. */
  restart(): Promise<void>;
  /** Ends everything this microphone started and removes its folder. Safe to repeat. */
  stop(): Promise<void>;
}

/** Whether this machine has the programs a virtual microphone is made of. */
export function canMakeVirtualMicrophone(): boolean {
  return ["pulseaudio", "pactl", "paplay"].every((program) => Bun.which(program) !== null);
}

/** How the null sink behind the microphone is set up; the source has the same rate and channels. */
export interface VirtualMicrophoneOptions {
  /** @default 16000 */
  readonly sampleRateHz?: number;
  /** @default 1 */
  readonly channels?: number;
}

/**
 * Starts a virtual microphone. Works as root and as an ordinary user, without systemd and D-Bus.
 * @throws Error with what PulseAudio said, when it does not come up within 10 s
 */
export async function startVirtualMicrophone(options: VirtualMicrophoneOptions = {}): Promise<VirtualMicrophone> {
  const { sampleRateHz = 16_000, channels = 1 } = options;
  const folder = mkdtempSync(join(tmpdir(), "earshot-microphone-"));
  const env = environment(folder);
  const players = new Set<Bun.Subprocess>();
  let server = await startServer(folder, env, sampleRateHz, channels);
  let stopped = false;

  async function play(command: readonly string[]): Promise<void> {
    const player = Bun.spawn([...command], { env, stdin: "ignore", stdout: "ignore", stderr: "pipe" });
    players.add(player);
    const code = await player.exited;
    players.delete(player);
    if (code !== 0 && !stopped) throw new Error(`${command.join(" ")}: ${await new Response(player.stderr).text()}`);
  }

  return {
    env,
    play: (path) => play(["paplay", "--latency-msec=20", path]),
    async playPcm(samples) {
      const path = join(folder, `${crypto.randomUUID()}.s16`);
      await Bun.write(path, samples);
      await play(["paplay", "--raw", "--rate=16000", "--channels=1", "--format=s16le", "--latency-msec=200", path]);
    },
    freeze: () => server.kill("SIGSTOP"),
    thaw: () => server.kill("SIGCONT"),
    async listeners() {
      const listed = Bun.spawn(["pactl", "list", "short", "source-outputs"], { env, stdin: "ignore" });
      return (await new Response(listed.stdout).text()).split("\n").filter((line) => line !== "").length;
    },
    async unplug() {
      await pactl(env, "unload-module", "module-null-sink");
    },
    async plug() {
      await pactl(env, "load-module", "module-null-sink", ...sinkArguments(sampleRateHz, channels));
      await pactl(env, "set-default-source", "vmic.monitor");
      await pactl(env, "set-default-sink", "vmic");
    },
    async kill() {
      server.kill("SIGKILL");
      await server.exited;
    },
    async restart() {
      server = await startServer(folder, env, sampleRateHz, channels);
    },
    async stop() {
      if (stopped) return;
      stopped = true;
      for (const player of players) player.kill("SIGKILL");
      server.kill("SIGKILL");
      await server.exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function environment(folder: string): Record<string, string> {
  const inherited = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return {
    ...Object.fromEntries(inherited),
    HOME: folder,
    PULSE_RUNTIME_PATH: folder,
    PULSE_STATE_PATH: folder,
    PULSE_SERVER: `unix:${folder}/native`,
    JACK_NO_START_SERVER: "1",
  };
}

async function startServer(
  folder: string,
  env: Record<string, string>,
  sampleRateHz: number,
  channels: number,
): Promise<Bun.Subprocess> {
  // A killed server leaves its socket behind, and the next one does not take its place while it is there.
  rmSync(join(folder, "native"), { force: true });
  const log = join(folder, "pulseaudio.log");
  const server = Bun.spawn(
    [
      "pulseaudio",
      "-n",
      "--daemonize=no",
      "--use-pid-file=no",
      "--exit-idle-time=-1",
      "--realtime=no",
      "--high-priority=no",
      "--disable-shm=yes",
      "-L",
      `module-native-protocol-unix socket=${folder}/native auth-anonymous=1`,
      "-L",
      ["module-null-sink", ...sinkArguments(sampleRateHz, channels)].join(" "),
    ],
    { env, stdin: "ignore", stdout: "ignore", stderr: Bun.file(log) },
  );
  const deadline = performance.now() + 10_000;
  while ((await pactl(env, "set-default-source", "vmic.monitor")) !== 0) {
    if (server.exitCode !== null || performance.now() > deadline) {
      server.kill("SIGKILL");
      throw new Error(`PulseAudio did not come up: ${await Bun.file(log).text()}`);
    }
    await Bun.sleep(50);
  }
  await pactl(env, "set-default-sink", "vmic");
  return server;
}

/** Without norewinds the audio comes in lumps of two seconds. */
function sinkArguments(sampleRateHz: number, channels: number): readonly string[] {
  return ["sink_name=vmic", `rate=${sampleRateHz}`, `channels=${channels}`, "format=s16le", "norewinds=1"];
}

function pactl(env: Record<string, string>, ...args: readonly string[]): Promise<number> {
  return Bun.spawn(["pactl", ...args], { env, stdin: "ignore", stdout: "ignore", stderr: "ignore" }).exited;
}
