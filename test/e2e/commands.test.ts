// From a wake word to a program that is given the command, and back: real voices, real sockets, the whole program.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseWav } from "../../src/audio/wav.ts";
import { alexaClips } from "../support/alexa-clips.ts";
import { clipPaths, joined, noise, saySkipped, speechIsHere, voiceIn } from "../support/clips.ts";
import { encodeWav } from "../support/encode-wav.ts";
import { NEAR, PlainRelay } from "../support/plain-relay.ts";
import { type RunningEarshot, startEarshot } from "../support/running-earshot.ts";
import { sendStream } from "../support/send-stream.ts";

const NO_MICROPHONE = { PULSE_SERVER: "unix:/nowhere/native", JACK_NO_START_SERVER: "1" };
const LIMIT_MS = 15_000;
const RATE = 16_000;
const PIECE = 1280;
const PRE_ROLL = 0.5;
saySkipped("commands from word to answer");

/** The quiet of a room. */
const room = (seconds: number, seed: number) => noise(seconds, 0.0005, seed);

async function until<T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (const limitMs = performance.now() + LIMIT_MS; performance.now() < limitMs; await Bun.sleep(20)) {
    const seen = await look();
    if (seen !== undefined) return seen;
  }
  throw new Error(`not within ${LIMIT_MS} ms: ${what}`);
}

/** Where `part` stands in `all`, sample for sample; -1 where it does not. */
function placeOf(part: Int16Array, all: Int16Array): number {
  for (let at = 0; at + part.length <= all.length; at++) {
    let same = 0;
    while (same < part.length && part[same] === all[at + same]) same++;
    if (same === part.length) return at;
  }
  return -1;
}

describe.skipIf(!speechIsHere)("a command", () => {
  const folder = mkdtempSync(join(tmpdir(), "earshot-commands-"));
  const heardIn = join(folder, "heard");
  let hub: RunningEarshot;
  let word: Int16Array;
  let command: Int16Array;
  /** Rooms that do not hear each other: what is said in them is said at the same time. */
  const rooms = {} as Record<"porch" | "study" | "cellar" | "nursery" | "attic", Said>;

  interface Said {
    readonly sound: Int16Array;
    /** Sample behind the last that was spoken. */
    readonly spoken: number;
    readonly relay: PlainRelay | undefined;
    /** When its first sample was said, by the relay's clock; undefined where the hub listens. */
    readonly beganMs: number | undefined;
  }

  beforeAll(async () => {
    word = await voiceIn(alexaClips(1)[0] ?? "");
    command = joined(...(await Promise.all(clipPaths("computer", 2).map(voiceIn))));
    await Bun.write(join(folder, "quiet.wav"), encodeWav(room(10, 9)));
    await Bun.write(join(heardIn, "none"), "");
    // A file is there once it is whole.
    const script = 'f=$(mktemp "$0/part.XXXXXX"); cat > "$f"; mv "$f" "$f.wav"; echo light on';
    const zones = ["porch", "study", "cellar", "nursery", "attic"].map((id, zone) => `${id}: { zone: ${zone}z }`);
    hub = await startEarshot({
      args: ["--model", "alexa", "--source", `file:${join(folder, "quiet.wav")}?loop`],
      env: NO_MICROPHONE,
      config: `
name: hall
command: { sink: { kind: program, program: sh, args: ["-c", ${JSON.stringify(script)}, ${JSON.stringify(heardIn)}] } }
privacy: { anonymous_ids: true }
relays: { ${zones.join(", ")} }
`,
    });
    await hub.until("armed", ({ activation }) => activation.armed);
    const before = room(PRE_ROLL, 1);
    await Promise.all([
      begin("porch", [before, word, command]),
      begin("study", [before, word, command, command], { stall: 2 }),
      begin("cellar", [before, word]),
      begin("nursery", [before, word, room(0.3, 4), command]),
    ]);
    const sound = joined(room(2.6, 6), word, command, room(4, 7));
    sendStream(hub.url, "attic", sound);
    rooms.attic = { sound, spoken: 2.6 * RATE + word.length + command.length, relay: undefined, beganMs: undefined };
  }, 40_000);
  afterAll(async () => {
    await hub?.destroy();
    rmSync(folder, { recursive: true, force: true });
  });

  async function begin(id: keyof typeof rooms, parts: readonly Int16Array[], { stall = 0 } = {}): Promise<void> {
    const spoken = parts.reduce((sum, part) => sum + part.length, 0);
    const sound = joined(...parts, room(6, id.length));
    const relay = await new PlainRelay(hub.url, id, { speaks: false }).joined();
    rooms[id] = { sound, spoken, relay, beganMs: says(relay, sound, stall) };
  }

  /**
   * Says it in real time from the claim on, as a relay that heard the word: what was before is sent at once.
   *
   * @param stall seconds for which the network holds everything back, in the middle
   * @returns when its first sample was said
   */
  function says(relay: PlainRelay, sound: Int16Array, stall = 0): number {
    const wordEnds = PRE_ROLL * RATE + word.length;
    const claim = relay.claim({ ...NEAR, durationMs: word.length / 16 });
    const beganMs = performance.now() - wordEnds / 16;
    const stallsAtMs = beganMs + wordEnds / 16 + 300;
    const goesOnAtMs = stallsAtMs + stall * 1000;
    void (async () => {
      for (let at = 0; at + PIECE <= sound.length; at += PIECE) {
        const dueMs = beganMs + (at + PIECE) / 16;
        const held = dueMs > stallsAtMs && dueMs < goesOnAtMs;
        await Bun.sleep(Math.max(0, (held ? goesOnAtMs : dueMs) - performance.now()));
        if (relay.messages.some(({ type }) => type === "enough" || type === "over")) return;
        const granted = relay.messages.find((message) => message.type === "granted");
        relay.sound(claim, granted?.fence, sound.slice(at, at + PIECE));
      }
    })();
    return beganMs;
  }

  /** What the program was given of it, and where in the sound that begins. */
  const given = ({ sound }: Said) =>
    until("the program is given the command", async () => {
      for (const name of readdirSync(heardIn).filter((file) => file.endsWith(".wav"))) {
        const pcm = parseWav(await Bun.file(join(heardIn, name)).bytes()).samples;
        const from = placeOf(pcm, sound);
        if (from >= 0) return { pcm, from };
      }
      return undefined;
    });

  /** How long Silero may hear a voice that is over, and what chunks make of it. */
  const endsAt = ({ spoken }: Said) => [spoken + (0.8 - 0.2) * RATE, spoken + (0.8 + 0.4) * RATE] as const;

  test("in one breath with its word reaches the program from its first sample to its last, and is answered", async () => {
    const { pcm, from } = await given(rooms.porch);
    expect(from).toBe(0);
    expect(pcm.length).toBeWithin(...endsAt(rooms.porch));
    const { relay, beganMs = 0 } = rooms.porch;
    const { fence = 0 } = (await relay?.told("granted")) ?? {};
    const enough = await relay?.told("enough");
    expect(enough).toMatchObject({ fence });
    // A piece of 80 ms, what several rooms at once cost two cores, and no more.
    expect((enough?.atMs ?? 0) - (beganMs + pcm.length / 16)).toBeLessThan(500);
    expect(await relay?.told("over")).toMatchObject({ fence, why: "finished" });
  }, 20_000);

  test("after a pause is heard whole too, in another room at the same time", async () => {
    const { pcm, from } = await given(rooms.nursery);
    expect(from).toBe(0);
    expect(pcm.length).toBeWithin(...endsAt(rooms.nursery));
  }, 20_000);

  test("whose network stalls for 2 s in the middle of it loses nothing, and is not taken for ended", async () => {
    const { pcm, from } = await given(rooms.study);
    expect(from).toBe(0);
    expect(pcm.length).toBeWithin(...endsAt(rooms.study));
  }, 20_000);

  test("that the hub hears for another machine has its sound from before the word on, without a gap", async () => {
    const { pcm, from } = await given(rooms.attic);
    expect(from).toBeWithin(1.9 * RATE, 2.5 * RATE);
    expect(from + pcm.length).toBeWithin(...endsAt(rooms.attic));
  }, 20_000);

  test("that is no command is told so, and no program hears of it", async () => {
    const { relay } = rooms.cellar;
    expect(await relay?.told("reply")).toMatchObject({ text: "I didn't hear anything. Please try again." });
    expect(readdirSync(heardIn).filter((file) => file.endsWith(".wav"))).toHaveLength(4);
  }, 20_000);

  test("is ended at once by a reset, in the middle of it", async () => {
    const relay = await new PlainRelay(hub.url, "porch", { speaks: false }).joined();
    says(relay, joined(room(PRE_ROLL, 1), word, command, command, command));
    await hub.until("recording", ({ activations }) => activations.some(({ state }) => state === "recording"));
    await hub.post("/api/reset", {});
    expect(await relay.told("over")).toMatchObject({ why: "reset" });
    await hub.until("no activation", ({ activations }) => activations.every(({ state }) => state !== "recording"));
  }, 20_000);

  test("leaves nothing but what was asked for: no recording, no transcript and no name of a relay in the log", () => {
    expect(readdirSync(hub.folder).filter((file) => file.endsWith(".wav"))).toEqual([]);
    const log = hub.log();
    expect(log).toContain("command understood");
    expect(log).not.toContain("light on");
    for (const name of Object.keys(rooms)) expect(log).not.toContain(name);
  });
});
