// A microphone and a loudspeaker without hardware: a private PulseAudio with two null sinks. The monitor of one is the
// default source, the other is the default sink: what a program plays is not heard by its own microphone.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface VirtualMicrophone {
  /** The whole environment for a program that is to hear this microphone (ALSA reads it when the process starts). */
  readonly env: Readonly<Record<string, string>>;
  /** Plays a sound file into the microphone, in real time and without a pause; resolves when it has been heard. */
  play(path: string): Promise<void>;
  /** Plays 16 kHz mono s16 as it is, sample for sample; resolves when it has been heard. */
  playPcm(samples: Int16Array): Promise<void>;
  /** What the loudspeaker plays from now on, 16 kHz mono, until it is stopped. */
  listenToSpeaker(): Promise<SpeakerRecording>;
  /** Lets the microphone hear what the loudspeaker plays, as in a small room. */
  echo(): Promise<void>;
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

export interface SpeakerRecording {
  /** When a sample that was recorded was heard, UTC ms: at the latest, by the pieces that came. */
  atMs(sample: number): number;
  /** What was heard so far. */
  heard(): Int16Array;
  stop(): Promise<Int16Array>;
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
    play: (path) => play([...PLAYER, path]),
    async playPcm(samples) {
      const path = join(folder, `${crypto.randomUUID()}.s16`);
      await Bun.write(path, samples);
      await play([...PLAYER, "--raw", "--rate=16000", "--channels=1", "--format=s16le", path]);
    },
    async listenToSpeaker() {
      const format = ["--rate=16000", "--channels=1", "--format=s16le", "--latency-msec=20"];
      const recorder = Bun.spawn(["parec", "--device=vspeaker.monitor", "--raw", ...format], {
        env,
        stdin: "ignore",
        stdout: "pipe",
        stderr: "ignore",
      });
      players.add(recorder);
      const chunks: Uint8Array[] = [];
      let bytesHeard = 0;
      /** When its first sample was heard: pieces come late, and never early. */
      let firstAtMs = Number.POSITIVE_INFINITY;
      const samplesOf = () => {
        const bytes = Buffer.concat(chunks);
        return new Int16Array(new Uint8Array(bytes.subarray(0, bytes.length & ~1)).buffer);
      };
      const begun = Promise.withResolvers<void>();
      const reading = (async () => {
        for await (const chunk of recorder.stdout) {
          chunks.push(chunk);
          bytesHeard += chunk.length;
          firstAtMs = Math.min(firstAtMs, Date.now() - bytesHeard / 32);
          begun.resolve();
        }
      })();
      await begun.promise;
      return {
        atMs: (sample) => firstAtMs + sample / 16,
        heard: samplesOf,
        async stop() {
          recorder.kill("SIGTERM");
          await reading;
          players.delete(recorder);
          return samplesOf();
        },
      };
    },
    async echo() {
      const code = await pactl(
        env,
        "load-module",
        "module-loopback",
        "source=vspeaker.monitor",
        "sink=vmic",
        "latency_msec=50",
      );
      if (code !== 0) throw new Error("PulseAudio has no module-loopback");
    },
    freeze: () => server.kill("SIGSTOP"),
    thaw: () => server.kill("SIGCONT"),
    async listeners() {
      const listed = Bun.spawn(["pactl", "list", "short", "source-outputs"], { env, stdin: "ignore" });
      return (await new Response(listed.stdout).text()).split("\n").filter((line) => line !== "").length;
    },
    async unplug() {
      // All of them: with a sink left, the server would let the microphone's streams record that.
      await pactl(env, "unload-module", "module-null-sink");
    },
    async plug() {
      await pactl(env, "load-module", "module-null-sink", ...sinkArguments(sampleRateHz, channels));
      await pactl(env, "load-module", "module-null-sink", ...SPEAKER_SINK);
      await pactl(env, "set-default-source", "vmic.monitor");
      await pactl(env, "set-default-sink", "vspeaker");
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
      "-L",
      ["module-null-sink", ...SPEAKER_SINK].join(" "),
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
  await pactl(env, "set-default-sink", "vspeaker");
  return server;
}

/**
 * The server is given the next 10 s at once, and begins when it has them or all there is: where a player has to bring
 * each piece in time and a busy machine makes it late, zeros come in the middle of a word, which is another sound then.
 */
const PLAYER = ["paplay", "--device=vmic", "--latency-msec=10000"];
const SPEAKER_SINK = ["sink_name=vspeaker", "rate=48000", "channels=2", "format=s16le", "norewinds=1"];

/** Without norewinds the audio comes in lumps of two seconds. */
function sinkArguments(sampleRateHz: number, channels: number): readonly string[] {
  return ["sink_name=vmic", `rate=${sampleRateHz}`, `channels=${channels}`, "format=s16le", "norewinds=1"];
}

function pactl(env: Record<string, string>, ...args: readonly string[]): Promise<number> {
  return Bun.spawn(["pactl", ...args], { env, stdin: "ignore", stdout: "ignore", stderr: "ignore" }).exited;
}
