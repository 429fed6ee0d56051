// Relays of all kinds hear the same word: one wins, one command is understood, one answer is given, to whom it belongs.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser } from "playwright-core";
import { parseWav } from "../../src/audio/wav.ts";
import type { ArbitrationView } from "../../src/web/schemas/rounds.ts";
import { type Asked, bytesOf, formOf, HttpServer } from "../command/http-server.ts";
import { Air } from "../support/air.ts";
import { alexaClips } from "../support/alexa-clips.ts";
import { browserIsHere, openPage, startBrowser } from "../support/browser.ts";
import { clipPaths, saySkipped, speechIsHere, voiceIn } from "../support/clips.ts";
import { freePort } from "../support/free-port.ts";
import { type RunningEarshot, startEarshot } from "../support/running-earshot.ts";
import { until } from "../support/until.ts";
import { Detecting, Loqa, type Member, Phone, Streaming, Writing } from "./members-of-a-house.ts";

const NO_MICROPHONE = { PULSE_SERVER: "unix:/nowhere/native", JACK_NO_START_SERVER: "1" };
const NEAR = 1;
/** Ten decibels. */
const FAR = 0.32;
/** Everybody hears the word at once: a microphone that gives it late must not date it by when it came. */
const SAME_TIME_MS = 20;
/** Which of them hangs on how busy the machine is. */
const LOST = /^(lost|too_late)$/;
saySkipped("relays of all kinds");
if (!browserIsHere) console.log("skipped: a browser among relays of all kinds, which needs chromium");

describe.skipIf(!speechIsHere)("relays of all kinds in one round", () => {
  const loqaPort = freePort();
  const air = new Air();
  const transcriptions = new HttpServer(() => Response.json({ text: "turn on the light" }));
  const answers = new HttpServer(({ body }) =>
    Response.json({ text: `The light is on in ${relayOf(body)}.`, command: "light_on" }),
  );
  const hall = new Writing("hall");
  const cellar = new Writing("cellar");
  const phone = new Phone("phone");
  let hub: RunningEarshot;
  let browser: Browser | undefined;
  let kitchen: Detecting;
  let attic: Streaming;
  let porch: Loqa;
  let members: readonly Member[];
  let word: Int16Array;
  let command: Int16Array;

  const newest = async () => (await hub.get<ArbitrationView>("/api/arbitration")).rounds[0];

  beforeAll(async () => {
    word = await voiceIn(alexaClips(1)[0] ?? "");
    command = await voiceIn(clipPaths("computer", 1)[0] ?? "");
    hub = await startEarshot({
      args: ["--source", "stdin"],
      env: NO_MICROPHONE,
      stdin: hall.readable,
      config: `
name: hall
audio: { output: none }
wake: { models: { alexa: { refractory: 1s } } }
arbitration: { policy: rms, window: 1s }
loqa: { enabled: true, port: ${loqaPort} }
command:
  silence: 500ms
  sink: { kind: openai, url: "${transcriptions.url}" }
  intent: { kind: webhook, url: "${answers.url}/intent" }
`,
    });
    air.join(hall);
    const starting = browserIsHere ? startBrowser(["--autoplay-policy=no-user-gesture-required"]) : undefined;
    await hub.until("it listens", ({ models }) => models.some(({ state }) => state === "listening"));
    kitchen = new Detecting(hub.url, "kitchen");
    attic = new Streaming(hub.url, "attic");
    porch = new Loqa(`127.0.0.1:${loqaPort}`, "porch");
    await Promise.all([kitchen.relay.joined(), attic.relay.joined()]);
    void fetch(`${hub.url}/api/streams/cellar`, { method: "PUT", body: cellar.readable }).catch(() => {});
    members = [hall, cellar, kitchen, attic, porch];
    for (const member of [cellar, kitchen, attic, porch]) air.join(member);
    browser = await starting;
    if (browser !== undefined) {
      const { page } = await openPage(browser, `${hub.url}/microphone`);
      await page.addInitScript(Phone.microphone);
      await page.reload();
      await phone.lend(page);
      members = [...members, phone];
      air.join(phone);
    }
    // Sound that begins may not wake anybody for 2 s.
    await air.goesOn(2500);
    await hub.until("armed", ({ activation }) => activation.armed);
  }, 40_000);
  afterAll(async () => {
    air[Symbol.dispose]();
    porch?.stop();
    await browser?.close();
    await hub?.destroy();
    transcriptions[Symbol.dispose]();
    answers[Symbol.dispose]();
  }, 20_000);

  /** Says word and command near one of them. @returns the round when it is over, and what each was told in it */
  async function near(winner: Member) {
    for (const member of members) member.gain = member === winner ? NEAR : FAR;
    const before = (await newest())?.round ?? 0;
    const told = {
      kitchen: since(kitchen.relay.messages),
      attic: since(attic.relay.messages),
      phone: since(phone.told),
      porch: since(porch.told),
    };
    air.say(word, command);
    await until(`a round is over near ${winner.id}`, async () => {
      const seen = await newest();
      return seen !== undefined && seen.round > before && seen.ended !== null ? seen : undefined;
    });
    // What is sent last is on its way, who heard it late still claims, and words nearer to each other would be one.
    await air.goesOn(1000);
    const round = await newest();
    if (round === undefined) throw new Error("its round is forgotten");
    return {
      round,
      told: {
        kitchen: told.kitchen().filter(isVerdict),
        attic: told.attic().filter(isVerdict),
        phone: told.phone().filter(isVerdict),
        porch: told.porch(),
      },
    };
  }

  test.each([
    ["a relay that hears the word itself", "kitchen"],
    ["a relay of Loqa's", "porch"],
    ["a relay that sends all that it hears", "attic"],
    ["a browser", "phone"],
  ] as const)(
    "%s wins: one command is understood, one answer given, and everybody else is told",
    async (_, name) => {
      const winner = members.find(({ id }) => id === name);
      // Without Chromium.
      if (winner === undefined) return;
      const understoodBefore = transcriptions.asked.length;
      const answeredBefore = answers.asked.length;
      const { round, told } = await near(winner);
      expect(round.claims.map(({ relayId }) => relayId).sort()).toEqual(members.map(({ id }) => id).sort());
      expect(round.grants).toMatchObject([{ relayId: name, because: "best" }]);
      expect(round.ended).toMatchObject({ why: "finished" });
      for (const { relayId, standing } of round.claims) {
        expect([relayId, standing]).toEqual([relayId, relayId === name ? "granted" : expect.stringMatching(LOST)]);
      }

      if (members.includes(phone)) expect(Math.abs(phone.datedLateMs())).toBeLessThan(SAME_TIME_MS);

      const text = `The light is on in ${name}.`;
      for (const id of ["kitchen", "attic", "phone"] as const) {
        if (id === "phone" && !members.includes(phone)) continue;
        if (id === name) {
          expect(told[id]).toMatchObject([{ type: "granted" }, { type: "reply", text }]);
          continue;
        }
        expect(told[id]).toMatchObject([
          { type: "cancelled", why: expect.stringMatching(LOST), winner: { id: name, room: null } },
        ]);
      }
      expect(told.porch).toHaveLength(1);
      expect(told.porch[0]).toMatchObject(
        name === "porch"
          ? { command: "light_on", transcription: "turn on the light", response_text: text, success: true }
          : { command: expect.stringMatching(/^relay_(cancelled|too_late)$/), transcription: "", success: false },
      );

      expect(transcriptions.asked).toHaveLength(understoodBefore + 1);
      expect(answers.asked.slice(answeredBefore).map(({ body }) => relayOf(body))).toEqual([name]);
      const pcm = await soundOf(transcriptions.asked.at(-1));
      expect(pcm.length).toBeGreaterThan(word.length + command.length);
      expect(isPartOf(pcm, winner.heard(6))).toBe(true);
    },
    20_000,
  );
});

/** What is told from now on. */
function since<Told>(all: readonly Told[]): () => readonly Told[] {
  const from = all.length;
  return () => all.slice(from);
}

function isVerdict({ type }: { readonly type: string }): boolean {
  return ["granted", "cancelled", "rejected", "reply"].includes(type);
}

function relayOf(body: Uint8Array): string {
  return (JSON.parse(new TextDecoder().decode(body)) as { readonly relay: string }).relay;
}

async function soundOf(asked: Asked | undefined): Promise<Int16Array> {
  if (asked === undefined) throw new Error("nobody was asked");
  return parseWav(await bytesOf((await formOf(asked)).get("file"))).samples;
}

/** Whether it stands there, sample for sample. */
function isPartOf(part: Int16Array, all: Int16Array): boolean {
  const bytesIn = ({ buffer, byteOffset, byteLength }: Int16Array) => Buffer.from(buffer, byteOffset, byteLength);
  const at = bytesIn(all).indexOf(bytesIn(part));
  return at >= 0 && at % 2 === 0;
}
