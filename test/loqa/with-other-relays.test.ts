// Relays of all kinds in one round: one winner, one command, everybody told.
import { expect, test } from "bun:test";
import { LoqaHouse, until } from "./loqa-house.ts";
import { bytesOf } from "./loqa-relay.ts";
import { openedHouses } from "./opened-houses.ts";
import { utterance } from "./spoken-words.ts";

const { houses, open } = openedHouses();

const EVIDENCE = {
  ...{ bandDb: -40, evenDb: -40, floorDb: -60, snrDb: 20, envelopeVariance: 0.1, confidence: 0.9, durationMs: 600 },
};

function claim(house: LoqaHouse, who: ReturnType<LoqaHouse["hearing"]>, rms: number): void {
  const word = { model: "alexa", confidence: 0.9, endedAtMs: house.nowMs };
  house.hub.claim(who.sender, { number: 1, ...word, evidence: { ...EVIDENCE, rms } });
}

test("a relay that records first is too late for a word that was granted when it was said", async () => {
  const house = await open();
  const [hall, kitchen] = [house.hearing("hall", "local"), house.relay("kitchen")];
  hall.beat(true);
  claim(house, hall, 0.01);
  const { fence } = house.granted[0] ?? { fence: 0 };
  house.hub.sound(hall.sender, { claim: 1, fence, pcm: new Int16Array(10), missingSamples: 0, last: true });
  // 0.3 s of pause, 1.5 s of command and 2 s of silence later.
  house.pass(3800);
  kitchen.sendTwo(utterance(22_050, { amplitude: 20_000 }));
  await until(() => kitchen.heard.length === 1, "told");
  expect(kitchen.heard).toMatchObject([{ command: "relay_too_late", success: false }]);
  expect(house.winners).toEqual(["hall"]);
});

test("it answers when nobody else heard the word", async () => {
  const house = await open();
  const [hall, kitchen] = [house.hearing("hall", "local"), house.relay("kitchen")];
  claim(house, hall, 0.01);
  house.pass(10_000);
  hall.beat(false);
  kitchen.sendTwo(utterance(22_050));
  await until(() => house.winners.length === 2, "granted");
  expect(house.winners).toEqual(["hall", "kitchen"]);
});

test("it keeps nobody waiting who hears words as they are said", async () => {
  const house = await open();
  const kitchen = house.relay("kitchen");
  kitchen.sendTwo(utterance(22_050));
  await until(() => house.winners.length === 1, "known");
  house.pass(60_000);
  const hall = house.hearing("hall");
  hall.beat(true);
  claim(house, hall, 0.01);
  expect(house.winners).toEqual(["kitchen", "hall"]);
});

test("a relay that sends as it is said competes with everybody: the louder wins, the others are told", async () => {
  for (const [rms, winner] of [
    [0.9, "hall"],
    [0.001, "kitchen"],
  ] as const) {
    const house = await open();
    const [hall, kitchen] = [house.hearing("hall"), house.relay("kitchen")];
    hall.beat(true);
    const said = utterance(16_000, { amplitude: 6000 });
    kitchen.send({ audio: bytesOf(said.subarray(0, 14_000)), wake: true });
    kitchen.send({ audio: bytesOf(said.subarray(14_000, 15_280)) });
    await until(() => house.contended.length === 1, "claimed");
    house.pass(50);
    claim(house, hall, rms);
    expect(house.winners).toEqual([winner]);
    if (winner === "hall") {
      const { fence } = house.granted[0] ?? { fence: 0 };
      house.hub.sound(hall.sender, { claim: 1, fence, pcm: new Int16Array(10), missingSamples: 0, last: false });
      await until(() => kitchen.heard.length === 1, "told");
      expect(kitchen.commands).toEqual(["relay_cancelled"]);
      expect(house.sounds.map(({ relayId }) => relayId)).toEqual(["hall"]);
    } else {
      kitchen.send({ audio: bytesOf(said.subarray(15_280)), end: true });
      await until(() => house.isWhole(1), "whole");
      expect(hall.told).toEqual(["cancelled lost"]);
      expect(house.soundOf(1)).toEqual(said);
    }
  }
});

test("what the network held back for two seconds is too late for a word that was granted when it was said", async () => {
  const house = await open();
  const [hall, kitchen] = [house.hearing("hall", "local"), house.relay("kitchen")];
  const said = utterance(16_000, { leadS: 1 });
  const sent = (at: number) => 1_763_800_000_000_000_000n + BigInt(at * 62_500);
  const chunk = (at: number) => ({ audio: bytesOf(said.subarray(at, at + 1280)), sentNs: sent(at + 1280) });
  for (let at = 0; at < 12_800; at += 1280) {
    kitchen.send(chunk(at));
    await Bun.sleep(2);
    house.pass(80);
  }
  // The word is said from 1.0 to 1.6 s.
  house.pass(800);
  hall.beat(true);
  claim(house, hall, 0.001);
  const { fence } = house.granted[0] ?? { fence: 0 };
  house.hub.sound(hall.sender, { claim: 1, fence, pcm: new Int16Array(10), missingSamples: 0, last: false });
  house.pass(2000);
  for (let at = 12_800; at < 38_400; at += 1280) kitchen.send({ ...chunk(at), wake: at < 25_600 });
  await until(() => kitchen.heard.length === 1, "told");
  expect(kitchen.commands).toEqual(["relay_too_late"]);
  expect(house.winners).toEqual(["hall"]);
});

test("who heard the whole command ends it: what still comes of it is dropped", async () => {
  const house = await open();
  const kitchen = house.relay("kitchen");
  const said = utterance(16_000);
  kitchen.send({ audio: bytesOf(said.subarray(0, 14_000)), wake: true });
  kitchen.send({ audio: bytesOf(said.subarray(14_000, 32_000)) });
  await until(() => house.sounds.length === 2, "sound");
  house.hub.enough(1);
  expect(house.isWhole(1)).toBe(true);
  kitchen.send({ audio: bytesOf(said.subarray(32_000)), end: true });
  house.answer({ kind: "no_speech", text: "", transcription: "", command: "", speech: undefined });
  await until(() => kitchen.heard.length === 1, "answered");
  expect(kitchen.heard).toMatchObject([{ command: "no_speech", success: true }]);
  house.pass(20_000);
  kitchen.sendOne(said);
  await until(() => house.winners.length === 2 && house.isWhole(2), "the next command");
  expect(house.soundOf(2)).toEqual(said);
});

test("a relay that has said all is still told how its command ends", async () => {
  const house = await open();
  const kitchen = house.relay("kitchen");
  kitchen.sendOne(utterance(16_000));
  kitchen.call.end();
  await until(() => house.winners.length === 1, "granted");
  house.pass(1000);
  expect(kitchen.status).toBeUndefined();
  house.answer({ kind: "error", text: "", transcription: "", command: "", speech: undefined });
  await until(() => {
    house.pass(1);
    return kitchen.status !== undefined;
  }, "ended");
  expect(kitchen.heard).toMatchObject([
    { command: "error", success: false, responseText: "Invalid audio data received. Please try again." },
  ]);
  expect(kitchen.status?.code).toBe(0);
  expect(house.hub.seats.size).toBe(0);
});

test("when the hub ends, relays are told that it does", async () => {
  const house = await open();
  const kitchen = house.relay("kitchen");
  kitchen.sendOne(utterance(16_000));
  await until(() => house.winners.length === 1, "granted");
  await house.loqa.close();
  await until(() => kitchen.status !== undefined, "told");
  expect(kitchen.status).toMatchObject({ code: 14, details: "the hub ends" });
  expect(house.hub.seats.size).toBe(0);
});

test("a configuration that changes counts at once, and what is not Loqa's ends no stream", async () => {
  const house = await open();
  const kitchen = house.relay("kitchen");
  kitchen.sendOne(utterance(16_000));
  await until(() => house.winners.length === 1, "granted");
  expect(house.granted[0]?.model).toBe("hey_loqa");
  house.look();
  await house.loqa.settled();
  expect(kitchen.status).toBeUndefined();
  house.settings = { ...house.settings, model: "hello_house" };
  house.look();
  await house.loqa.settled();
  expect(kitchen.status).toBeUndefined();
  house.pass(5000);
  kitchen.sendOne(utterance(16_000));
  await until(() => house.winners.length === 2, "granted");
  expect(house.granted[1]?.model).toBe("hello_house");
  house.settings = { enabled: false };
  house.look();
  await house.loqa.settled();
  await until(() => kitchen.status !== undefined, "told");
  expect(house.loqa.port).toBeUndefined();
});

test("a port that is taken is said, and tried again", async () => {
  const other = await open();
  const port = other.loqa.port ?? 0;
  const house = new LoqaHouse({ loqa: { port } });
  houses.push(house);
  house.look();
  await house.loqa.settled();
  expect(house.loqa.trouble).toStartWith(`Loqa's relays cannot come to 127.0.0.1:${port}: `);
  await other.loqa.close();
  house.pass(5000);
  await house.loqa.settled();
  expect([house.loqa.trouble, house.loqa.port]).toEqual([undefined, port]);
});
