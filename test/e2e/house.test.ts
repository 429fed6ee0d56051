// A hub and relays as real processes on loopback: one word, one answer, whoever dies.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RelayEvent } from "../../src/relay/relay-events.ts";
import type { RelayView } from "../../src/web/schemas/relays.ts";
import type { ArbitrationView } from "../../src/web/schemas/rounds.ts";
import { alexaClips, sayIfSynthetic } from "../support/alexa-clips.ts";
import { clip, noise } from "../support/clips.ts";
import { encodeWav } from "../support/encode-wav.ts";
import { freePort } from "../support/free-port.ts";
import { descendants, earshotCommand, type RunningEarshot, startEarshot } from "../support/running-earshot.ts";

const NO_MICROPHONE = { PULSE_SERVER: "unix:/nowhere/native", JACK_NO_START_SERVER: "1" };
const LIMIT_MS = 10_000;
const PIECE = 1280;
/** Twelve decibels. */
const FARTHER = 0.25;
/** Amplitude of white noise: the quiet of a room, which is not digital silence. */
const QUIET = 0.002;
sayIfSynthetic("a house of relays");

async function until<T>(what: string | (() => string), look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (const limitMs = performance.now() + LIMIT_MS; performance.now() < limitMs; await Bun.sleep(10)) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
  }
  throw new Error(`not within ${LIMIT_MS} ms: ${typeof what === "string" ? what : what()}`);
}

/** `earshot relay`, which hears what the test writes. */
class RelayProcess {
  readonly events: RelayEvent[] = [];
  readonly port: number;
  readonly #child;
  #sound = 0;

  constructor(
    readonly id: string,
    hub: string,
    folder: string,
    readonly gain: number,
  ) {
    this.port = freePort();
    const flags = ["--hub", hub, "--id", id, "--model", "alexa", "--source", "stdin", "--json"];
    flags.push("--port", String(this.port));
    this.#child = Bun.spawn([...earshotCommand(false), "relay", ...flags], {
      cwd: folder,
      env: { PATH: process.env.PATH ?? "", HOME: folder },
      stdin: "pipe",
      stdout: "pipe",
      stderr: "ignore",
    });
    void this.#follow(this.#child.stdout);
  }

  hear(piece: Int16Array): void {
    const quiet = noise(piece.length / 16_000, QUIET, this.#sound++);
    const heard = piece.map((sample, i) => Math.round(sample * this.gain) + (quiet[i] ?? 0));
    this.#child.stdin.write(new Uint8Array(heard.buffer));
    this.#child.stdin.flush();
  }

  told<Type extends RelayEvent["type"]>(type: Type, after = 0) {
    const isOfType = (event: RelayEvent): event is Extract<RelayEvent, { readonly type: Type }> => event.type === type;
    const heard = () => JSON.stringify(this.events.filter((event) => event.type !== "state"));
    return until(
      () => `${this.id} is told "${type}", but ${heard()}`,
      () => this.events.slice(after).find(isOfType),
    );
  }

  /** Whether it would notice a word. */
  armed(): Promise<true> {
    return until(`${this.id} is armed`, async () => {
      const state = await fetch(`http://127.0.0.1:${this.port}/api/activation`).catch(() => undefined);
      return ((await state?.json()) as { armed?: boolean } | undefined)?.armed === true ? true : undefined;
    });
  }

  async kill(): Promise<void> {
    for (const pid of [...descendants(this.#child.pid), this.#child.pid]) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended already.
      }
    }
    await this.#child.exited;
  }

  async #follow(stdout: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of stdout) {
      text += decoder.decode(chunk, { stream: true });
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) this.events.push(JSON.parse(line) as RelayEvent);
    }
  }
}

/** Sound goes on for ever, in real time, to all relays at once. */
class Air {
  readonly relays = new Set<RelayProcess>();
  readonly #timer: Timer;
  #word: Int16Array = new Int16Array(0);
  #pieces = 0;

  constructor() {
    const beganMs = performance.now();
    this.#timer = setInterval(() => {
      for (; (this.#pieces * PIECE) / 16 <= performance.now() - beganMs; this.#pieces++) this.#sound();
    }, 20);
  }

  say(word: Int16Array): void {
    this.#word = word;
  }

  /** Until so much more of it was heard. */
  goesOn(lengthMs: number): Promise<boolean> {
    const pieces = this.#pieces + (lengthMs * 16) / PIECE;
    return until(`${lengthMs} ms of sound`, () => (this.#pieces >= pieces ? true : undefined));
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #sound(): void {
    const piece = new Int16Array(PIECE);
    piece.set(this.#word.subarray(0, PIECE));
    this.#word = this.#word.subarray(PIECE);
    for (const relay of this.relays) relay.hear(piece);
  }
}

describe("a house of relays", () => {
  const folder = mkdtempSync(join(tmpdir(), "earshot-house-"));
  const port = freePort();
  const air = new Air();
  let hub: RunningEarshot;
  let word: Int16Array;
  let near: RelayProcess;
  let far: RelayProcess;

  const startHub = () =>
    startEarshot({
      port,
      args: ["--model", "alexa", "--source", `file:${join(folder, "quiet.wav")}?loop`],
      env: NO_MICROPHONE,
      config: "name: hall\nactivation: { hold: 500ms }\n",
    });
  const relays = async () =>
    (await hub.get<{ relays: RelayView[] }>("/api/relays")).relays.filter(({ connected }) => connected);
  /** The newest. */
  const round = async () => (await hub.get<ArbitrationView>("/api/arbitration")).rounds[0];

  beforeAll(async () => {
    word = await clip(alexaClips(1)[0] ?? "");
    await Bun.write(join(folder, "quiet.wav"), encodeWav(noise(10, QUIET, 9)));
    hub = await startHub();
    near = new RelayProcess("near", hub.url, folder, 1);
    far = new RelayProcess("far", hub.url, folder, FARTHER);
    await hub.until("armed", ({ activation }) => activation.armed);
    for (const relay of [near, far]) {
      air.relays.add(relay);
      await relay.told("connected");
    }
    // Sound that begins may not wake anybody for 2 s.
    await air.goesOn(2500);
    await Promise.all([near.armed(), far.armed()]);
  }, 30_000);
  afterAll(async () => {
    air.end();
    await near?.kill();
    await far?.kill();
    await hub?.destroy();
    rmSync(folder, { recursive: true });
  });

  test("one of two that hear a word is granted, the louder; the other is told who, and it is explained", async () => {
    air.say(word);
    const granted = await near.told("granted");
    const lost = await far.told("lost");
    // Its detector may need a frame more than that of the other, and the hub waits for no more than it has to.
    expect(lost.why).toBeOneOf(["lost", "too_late"]);
    expect(lost.winner).toMatchObject({ id: "near" });
    expect(far.events.some(({ type }) => type === "granted")).toBe(false);
    const decided = await round();
    expect(decided?.claims.map(({ relayId }) => relayId).sort()).toEqual(["far", "near"]);
    expect(decided?.verdict?.ranking[0]?.relayId).toBe("near");
    expect(decided?.verdict?.ranking[0]?.terms[0]?.because).not.toBe("");
    expect(decided?.grants).toMatchObject([{ relayId: "near", fence: granted.fence }]);
    expect(decided?.verdict?.afterMs).toBeLessThan(300);
    const levelDb = (id: string) =>
      20 * Math.log10(decided?.claims.find(({ relayId }) => relayId === id)?.evidence?.rms ?? 0);
    expect(levelDb("near") - levelDb("far")).toBeWithin(9, 13);
    expect(await hub.get("/api/activation")).toMatchObject({ model: "alexa", source: "near" });
    // The command is over when it was held for as long as is configured.
    expect(await near.told("enough")).toMatchObject({ fence: granted.fence });
    await until("over", async () => (await round())?.ended ?? undefined);
  }, 20_000);

  test("a winner that is killed makes room: its round ends or another is granted, and the house goes on", async () => {
    const before = [near.events.length, far.events.length] as const;
    // Words that lie nearer to each other are one utterance, and each model rests for 2 s after one.
    await air.goesOn(1500);
    air.say(word);
    await near.told("granted", before[0]);
    air.relays.delete(near);
    await near.kill();
    await until("the dead one is gone", async () => ((await relays()).length === 2 ? true : undefined));
    const left = await until("it is replaced, or its round is over", async () => {
      const newest = await round();
      const replaced = newest?.grants.at(-1)?.relayId === "far";
      return newest?.grants[0]?.relayId === "near" && (replaced || newest.ended !== null) ? newest : undefined;
    });
    if (left.grants.length > 1) await far.told("granted", before[1]);
    else expect(left.ended?.why).toBe("left");
    expect((await relays()).map(({ id }) => id)).toEqual(["hall", "far"]);
    const known = (await hub.get<{ relays: RelayView[] }>("/api/relays")).relays.find(({ id }) => id === "near");
    expect(known).toMatchObject({ connected: false, kind: "relay" });
  }, 20_000);

  test("a hub that is killed is away, and its successor on the same port is found and decides", async () => {
    const before = far.events.length;
    await hub.destroy();
    expect(await far.told("away", before)).toMatchObject({ type: "away" });
    hub = await startHub();
    const afterAway = far.events.length;
    await far.told("connected", before);
    expect((await relays()).map(({ id }) => id)).toEqual(["hall", "far"]);
    await hub.until("armed", ({ activation }) => activation.armed);
    await air.goesOn(500);
    air.say(word);
    await far.told("granted", afterAway);
    expect((await round())?.grants).toMatchObject([{ relayId: "far" }]);
    await hub.post("/api/reset", {});
    expect(await far.told("over", afterAway)).toMatchObject({ why: "reset" });
    expect((await round())?.ended).toMatchObject({ why: "reset" });
  }, 25_000);
});
