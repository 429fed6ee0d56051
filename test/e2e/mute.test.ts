// Who mutes in the middle of a command has not said it: nothing of it goes anywhere, nobody is told of trouble, and all is as before.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeCommand } from "../../src/web/command-words.ts";
import type { ActivationView } from "../../src/web/schemas/activations.ts";
import type { HealthView } from "../../src/web/schemas/health.ts";
import type { StateView } from "../../src/web/schemas/state.ts";
import { HttpServer } from "../command/http-server.ts";
import { Air } from "../support/air.ts";
import { alexaClips } from "../support/alexa-clips.ts";
import { clipPaths, joined, saySkipped, speechIsHere, voiceIn } from "../support/clips.ts";
import { HeldUp } from "../support/held-up.ts";
import { type RunningEarshot, startEarshot } from "../support/running-earshot.ts";
import { Writing } from "./members-of-a-house.ts";

const NO_MICROPHONE = { PULSE_SERVER: "unix:/nowhere/native", JACK_NO_START_SERVER: "1" };
/** At once, for a person: what is asked for goes from process to process, and each looks a few times a second. */
const AT_ONCE_MS = 500;
saySkipped("mute in the middle of a command");

describe.skipIf(!speechIsHere)("mute in the middle of a command", () => {
  const folder = mkdtempSync(join(tmpdir(), "earshot-mute-"));
  const air = new Air();
  const recogniser = new HttpServer(() => Response.json({ text: "turn on the light" }));
  /** Who was understood. */
  const understood: string[] = [];
  const intent = new HttpServer(({ body }) => {
    understood.push((JSON.parse(new TextDecoder().decode(body)) as { readonly relay: string }).relay);
    return Response.json({ text: "The light is on." });
  });
  const hall = new Writing("hall");
  const attic = new Writing("attic");
  const kitchen = new Writing("kitchen");
  let hub: RunningEarshot;
  let relay: RunningEarshot;
  let word: Int16Array;
  /** Longer than anybody takes to mute. */
  let command: Int16Array;

  beforeAll(async () => {
    word = await voiceIn(alexaClips(1)[0] ?? "");
    command = joined(...(await Promise.all(clipPaths("computer", 4).map(voiceIn))));
    hub = await startEarshot({
      args: ["--model", "alexa", "--source", "stdin"],
      env: NO_MICROPHONE,
      stdin: hall.readable,
      config: `
name: hall
audio: { output: none }
relays: { hall: { zone: h }, attic: { zone: a }, kitchen: { zone: k } }
command:
  sink: { kind: openai, url: "${recogniser.url}" }
  intent: { kind: webhook, url: "${intent.url}" }
`,
    });
    relay = await startEarshot({
      command: "relay",
      args: ["--hub", hub.url, "--id", "kitchen", "--model", "alexa", "--source", "stdin"],
      env: NO_MICROPHONE,
      stdin: kitchen.readable,
      config: "audio: { output: none }",
    });
    for (const machine of [hub, relay]) {
      await machine.until("it listens", ({ models }) => models.some(({ state }) => state === "listening"));
    }
    void fetch(`${hub.url}/api/streams/attic`, { method: "PUT", body: attic.readable }).catch(() => {});
    for (const member of [hall, attic, kitchen]) air.join(member);
    await relay.until("it is part of the house", ({ satellite }) => satellite?.connected === true);
    await allArmed();
  }, 60_000);
  afterAll(async () => {
    air[Symbol.dispose]();
    await Promise.all([hub?.destroy(), relay?.destroy()]);
    recogniser[Symbol.dispose]();
    intent[Symbol.dispose]();
    rmSync(folder, { recursive: true, force: true });
  }, 20_000);

  /** Sound that begins, or begins again, may not wake anybody for 2 s. */
  async function allArmed(): Promise<void> {
    await air.goesOn(2500);
    for (const machine of [hub, relay]) await machine.until("armed", ({ activation }) => activation.armed);
  }

  const mute = (machine: RunningEarshot, muted: boolean) => machine.post("/api/mute", { muted });
  const commandOf = (state: StateView, id: string) => state.commands.find((found) => found.relay === id);
  /** Until all three have their command recorded. */
  async function allSpeak(): Promise<void> {
    air.say(word, command);
    await hub.until("all are recorded", (state) =>
      ["hall", "attic", "kitchen"].every((id) => commandOf(state, id)?.state === "recording"),
    );
    await relay.until("its command is recorded", ({ activation }) => ["awake", "recording"].includes(activation.state));
  }

  async function isOver(id: string) {
    const state = await hub.until(`${id} is over`, (seen) => commandOf(seen, id)?.state === "over");
    return commandOf(state, id);
  }

  test("of the hub ends what it hears itself and for others, and nothing that a relay hears", async () => {
    await allSpeak();
    using time = new HeldUp(hub.pid);
    await mute(hub, true);
    for (const id of ["hall", "attic"]) {
      const over = await isOver(id);
      expect(time.tookMs).toBeLessThan(AT_ONCE_MS);
      expect(over).toMatchObject({ outcome: "stopped", why: "muted" });
      expect(over && describeCommand(over)).toBe(`${id} was muted`);
    }
    const { activations } = await hub.get<StateView>("/api/state");
    expect(activations.find(({ local }) => local)).toMatchObject({ state: "off", reason: "muted", fence: null });
    expect(activations.filter(({ fence }) => fence !== null).map(({ relay }) => relay)).toEqual(["kitchen"]);
    expect(await isOver("kitchen")).toMatchObject({ outcome: "answered" });
    expect(understood.splice(0)).toEqual(["kitchen"]);
    expect(recogniser.asked.splice(0)).toHaveLength(1);
    expect(await hub.get<ActivationView>("/api/activation")).toMatchObject({ state: "off", reason: "muted" });
    expect((await hub.get<HealthView>("/api/health")).reasons.map(({ code }) => code)).toEqual(["muted"]);
    await mute(hub, false);
    await allArmed();
  }, 30_000);

  test("of a relay ends what it hears, and nobody else's; whoever was muted is heard again", async () => {
    await allSpeak();
    using time = new HeldUp(hub.pid, relay.pid);
    await mute(relay, true);
    const over = await isOver("kitchen");
    expect(time.tookMs).toBeLessThan(AT_ONCE_MS);
    expect(over).toMatchObject({ outcome: "stopped", why: "gave_up" });
    expect(await relay.get<ActivationView>("/api/activation")).toMatchObject({ state: "off", reason: "muted" });
    for (const id of ["hall", "attic"]) expect(await isOver(id)).toMatchObject({ outcome: "answered" });
    expect(understood.splice(0).sort()).toEqual(["attic", "hall"]);
    expect(recogniser.asked.splice(0)).toHaveLength(2);
    await mute(relay, false);
    await allArmed();
    await allSpeak();
    expect(await isOver("kitchen")).toMatchObject({ outcome: "answered" });
    expect(hub.log()).not.toContain("command failed");
  }, 40_000);
});
