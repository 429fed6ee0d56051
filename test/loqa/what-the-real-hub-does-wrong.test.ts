// Each case in which Loqa's own hub was seen to fail, over real gRPC connections.
import { describe, expect, test } from "bun:test";
import { LOG_LINE } from "../../src/arbitration/effects.ts";
import { rmsOf } from "../../src/arbitration/measure.ts";
import { Utterances } from "../../src/loqa/utterances.ts";
import { type LoqaHouse, until } from "./loqa-house.ts";
import { bytesOf, type LoqaRelay } from "./loqa-relay.ts";
import { openedHouses } from "./opened-houses.ts";
import { utterance } from "./spoken-words.ts";

const { open } = openedHouses();

/** Makes relays known: each says something once, far from what is tried then. */
async function known(house: LoqaHouse, ...relays: readonly LoqaRelay[]): Promise<void> {
  for (const relay of relays) {
    const before = house.granted.length;
    relay.sendOne(utterance(16_000));
    await until(() => house.hub.seats.has(relay.id), `${relay.id} joins`);
    house.pass(300);
    await until(() => house.granted.length > before && house.isWhole(house.granted.at(-1)?.fence ?? 0), "its command");
    house.answer();
    await until(() => relay.heard.length > 0, "its answer");
    house.pass(40_000);
    relay.heard.length = 0;
  }
  house.granted.length = 0;
  house.sounds.length = 0;
  house.logged.length = 0;
}

describe("one relay: always waits 300 ms; the seed's commit drops the utterance", () => {
  test("is granted at once, and all its sound is there", async () => {
    const house = await open();
    const kitchen = house.relay("kitchen");
    const said = utterance(16_000);
    kitchen.sendOne(said);
    // The house's time does not move at all.
    await until(() => house.granted.length === 1 && house.isWhole(1), "granted");
    expect(house.hub.rounds[0]?.verdict?.afterMs).toBe(0);
    expect(house.soundOf(1)).toEqual(said);
  });
});

describe("a wake 350 ms later, louder: opens its own window: a second winner, two transcriptions", () => {
  test("is too late, and there is one winner with one command", async () => {
    const house = await open();
    const [kitchen, hall] = [house.relay("kitchen"), house.relay("hall")];
    await known(house, kitchen, hall);
    kitchen.sendTwo(utterance(22_050, { amplitude: 3000 }));
    await until(() => house.contended.length > 0 && house.hub.wakeAtMs <= house.nowMs + 300, "contended");
    house.pass(350);
    expect(house.winners).toEqual(["kitchen"]);
    hall.sendTwo(utterance(22_050, { amplitude: 12_000 }));
    await until(() => hall.heard.length > 0, "told");
    expect(hall.heard).toMatchObject([
      {
        requestId: "hall",
        command: "relay_too_late",
        responseText: "Arbitration window closed. Please try again.",
        success: false,
      },
    ]);
    house.pass(1000);
    expect(house.winners).toEqual(["kitchen"]);
    expect(new Set(house.sounds.map(({ relayId }) => relayId))).toEqual(new Set(["kitchen"]));
  });
});

describe("tie: random", () => {
  test("goes to the same relay every time, whoever came first", async () => {
    const winners: string[] = [];
    for (const order of [
      [0, 1],
      [1, 0],
      [0, 1],
      [1, 0],
    ] as const) {
      const house = await open();
      const relays = [house.relay("kitchen"), house.relay("hall")] as const;
      await known(house, ...relays);
      house.contended.length = 0;
      const [first, second] = order;
      relays[first].sendTwo(utterance(22_050));
      await until(() => house.contended.length === 1, "contended");
      relays[second].sendTwo(utterance(22_050));
      await until(() => house.granted.length === 1, "decided");
      house.pass(300);
      winners.push(...house.winners);
    }
    expect(winners).toEqual(["hall", "hall", "hall", "hall"]);
  });
});

describe("the loudest goes away inside the window: it still wins, the live one is cancelled", () => {
  test("the live one wins", async () => {
    const house = await open();
    const [kitchen, hall] = [house.relay("kitchen"), house.relay("hall")];
    await known(house, kitchen, hall);
    house.contended.length = 0;
    kitchen.sendTwo(utterance(22_050, { amplitude: 12_000 }));
    await until(() => house.contended.length === 1, "contended");
    kitchen.goAway();
    await until(() => !house.hub.seats.has("kitchen"), "gone");
    const soft = utterance(16_000, { amplitude: 2000 });
    hall.sendOne(soft);
    await until(() => house.granted.length === 1 && house.isWhole(house.granted[0]?.fence ?? 0), "granted");
    expect(house.winners).toEqual(["hall"]);
    expect(house.soundOf(house.granted[0]?.fence ?? 0)).toEqual(soft);
    expect(hall.heard).toEqual([]);
  });
});

describe("empty wake audio: RMS 0, random winner", () => {
  test("the wake word is measured in what follows", async () => {
    const house = await open();
    const [kitchen, hall] = [house.relay("kitchen"), house.relay("hall")];
    await known(house, kitchen, hall);
    house.contended.length = 0;
    const loud = utterance(22_050, { amplitude: 12_000 });
    kitchen.send({ audio: new Uint8Array(0), rateHz: 22_050, wake: true });
    kitchen.send({ audio: bytesOf(loud), rateHz: 22_050, end: true });
    await until(() => house.contended.length === 1, "contended");
    expect(house.contended[0]?.evidence?.rms).toBeGreaterThan(0.05);
    hall.sendTwo(utterance(22_050, { amplitude: 4000 }));
    await until(() => house.granted.length === 1, "granted");
    expect(house.winners).toEqual(["kitchen"]);
  });

  test("live, it loses to whoever has measured something", async () => {
    const house = await open();
    const [kitchen, attic] = [house.relay("kitchen"), house.hearing("attic")];
    attic.beat(true);
    kitchen.send({ audio: new Uint8Array(0), wake: true });
    kitchen.send({ audio: bytesOf(utterance(16_000).subarray(0, 1280)) });
    await until(() => house.hub.rounds.length === 1, "claimed");
    const evidence = { ...SOFT, rms: 0.001 };
    house.hub.claim(attic.sender, { number: 1, model: "alexa", confidence: 0.5, endedAtMs: house.nowMs, evidence });
    house.pass(300);
    expect(house.winners).toEqual(["attic"]);
  });

  test("with nothing at all in it, nobody is bothered", async () => {
    const house = await open();
    const kitchen = house.relay("kitchen");
    kitchen.send({ audio: new Uint8Array(0), wake: true, end: true });
    await until(() => kitchen.heard.length === 1, "told");
    expect(kitchen.heard).toMatchObject([
      { command: "no_speech", success: true, responseText: "I didn't hear anything. Please try again." },
    ]);
    expect(house.hub.rounds).toEqual([]);
    kitchen.sendOne(utterance(16_000));
    await until(() => house.winners.length === 1, "the next command");
  });
});

describe("live streaming: only what arrived within 300 ms is transcribed", () => {
  test("every sample is there, from before the word to the end", async () => {
    const house = await open();
    const kitchen = house.relay("kitchen");
    const said = utterance(16_000, { commandS: 5, silenceS: 0.5 });
    const chunk = 1280;
    for (let at = 0; at < said.length; at += chunk) {
      const audio = bytesOf(said.subarray(at, at + chunk));
      const end = at + chunk >= said.length;
      kitchen.send({ audio, wake: at >= 3 * chunk && at < 10 * chunk, end });
      if (at === 0) await until(() => house.loqa.calls === 1, "open");
      await Bun.sleep(1);
      house.pass(80);
    }
    await until(() => house.granted.length === 1 && house.isWhole(1), "whole");
    // What came before the word was marked is its pre-roll.
    expect(house.soundOf(1)).toEqual(said);
  });
});

describe("10 relays joining 292-301 ms after the first: the whole hub deadlocks for good", () => {
  test("one answers, the others are told, and so it goes on", async () => {
    const house = await open();
    const first = house.relay("relay 0");
    const others = Array.from({ length: 9 }, (_, n) => house.relay(`relay ${n + 1}`));
    await known(house, first, ...others);
    for (let command = 1; command <= 3; command++) {
      for (const { heard } of [first, ...others]) heard.length = 0;
      const before = house.hub.rounds.length;
      first.sendTwo(utterance(22_050, { amplitude: 2000 }));
      await until(() => house.hub.rounds.length > before, "the first");
      house.pass(291);
      for (const other of others) {
        house.pass(1);
        other.sendTwo(utterance(22_050, { amplitude: 6000 }));
        await until(
          () => house.hub.rounds.at(-1)?.claims.some(({ relayId }) => relayId === other.id) === true,
          other.id,
        );
      }
      house.pass(1);
      expect(house.winners).toHaveLength(command);
      house.answer();
      const all = [first, ...others];
      await until(() => all.every(({ heard }) => heard.length === 1), "everybody was told");
      expect(all.filter(({ commands }) => commands[0] === "light_on").map(({ id }) => id)).toEqual([
        house.winners.at(-1) ?? "",
      ]);
      expect(all.flatMap(({ commands }) => commands).filter((said) => said.startsWith("relay_"))).toHaveLength(9);
      house.pass(20_000);
    }
  }, 20_000);
});

describe("second command on the stream: RPC ended after the first: 1 of 3 commands served", () => {
  test("200 commands in a row on one stream are all served", async () => {
    const house = await open();
    const kitchen = house.relay("kitchen");
    const said = utterance(22_050, { commandS: 0.4, silenceS: 0.5 });
    for (let n = 1; n <= 200; n++) {
      kitchen.sendTwo(said);
      await until(() => house.granted.length === n && house.isWhole(house.granted.at(-1)?.fence ?? 0), `command ${n}`);
      house.answer();
      await until(() => kitchen.heard.length === n, `answer ${n}`);
      house.pass(4000);
    }
    expect(new Set(kitchen.commands)).toEqual(new Set(["light_on"]));
    expect(kitchen.status).toBeUndefined();
    expect(house.loqa.calls).toBe(1);
  }, 30_000);
});

describe("same relay_id twice: the second overwrites the first", () => {
  test("the newest has the place, the old one is told and keeps its stream", async () => {
    const house = await open();
    const old = house.relay("kitchen");
    old.sendOne(utterance(16_000));
    await until(() => house.granted.length === 1, "granted");
    house.answer();
    house.pass(5000);
    const newest = house.relay("kitchen");
    newest.sendOne(utterance(16_000));
    await until(() => house.granted.length === 2 && old.heard.length === 2, "granted again");
    expect(old.heard[1]).toMatchObject({
      command: "error",
      success: false,
      error: 'another relay is called "kitchen" now: give each its own -id',
    });
    expect(old.status).toBeUndefined();
    house.answer();
    house.pass(5000);
    old.sendOne(utterance(16_000));
    await until(() => old.heard.length === 3, "told again");
    expect(house.winners).toHaveLength(2);
    newest.goAway();
    await until(() => house.hub.seats.size === 0, "the newest goes");
    house.pass(5000);
    old.sendOne(utterance(16_000));
    await until(() => house.winners.length === 3, "the old one is heard again");
    house.answer();
    house.pass(60_000);
    // In another form than before.
    old.send({ audio: bytesOf(utterance(16_000).subarray(0, 16_000)), wake: true });
    old.send({ audio: bytesOf(utterance(16_000).subarray(0, 1280)) });
    await until(() => house.winners.length === 4, "and again");
  });
});

describe("odd byte count: last byte dropped", () => {
  test("sound that is cut between the bytes of a sample goes on with the next chunk", async () => {
    const house = await open();
    const kitchen = house.relay("kitchen");
    const said = utterance(16_000, { commandS: 1, silenceS: 0.3 });
    const bytes = bytesOf(said);
    const wake = 16_001;
    kitchen.send({ audio: bytes.slice(0, wake), wake: true });
    await until(() => house.loqa.wakeAtMs < Number.POSITIVE_INFINITY, "the wake word");
    house.pass(400);
    for (let at = wake; at < bytes.length; at += 2561) {
      kitchen.send({ audio: bytes.slice(at, at + 2561), end: at + 2561 >= bytes.length });
    }
    await until(() => house.granted.length === 1 && house.isWhole(1), "whole");
    expect(house.soundOf(1)).toEqual(said);
  });

  test("half a sample at the end is said in the log", async () => {
    const house = await open();
    const kitchen = house.relay("kitchen");
    const said = utterance(16_000);
    kitchen.send({ audio: new Uint8Array([...bytesOf(said), 7]), wake: true, end: true });
    await until(() => house.granted.length === 1 && house.isWhole(1), "whole");
    expect(house.soundOf(1)).toEqual(said);
    kitchen.goAway();
    await until(
      () => house.loqa.calls === 0 || house.logged.some(({ event }) => event === "samples cut in half"),
      "gone",
    );
    expect(house.logged).toContainEqual({ event: "samples cut in half", fields: { relay: "kitchen", times: 1 } });
  });
});

describe("what exists only in the seed's document, or in older versions", () => {
  test("ARBITRATION_WINDOW_DURATION bounds the round, and the four lines are in the log", async () => {
    const house = await open({ windowMs: 200 });
    const relays = ["kitchen", "hall", "attic"].map((id) => house.relay(id));
    await known(house, ...relays);
    const [kitchen, hall] = relays;
    house.contended.length = 0;
    kitchen?.sendTwo(utterance(22_050, { amplitude: 3000 }));
    await until(() => house.contended.length === 1, "contended");
    hall?.sendTwo(utterance(22_050, { amplitude: 6000 }));
    await until(() => house.contended.length === 2, "joined");
    house.pass(199);
    expect(house.winners).toEqual([]);
    house.pass(1);
    expect(house.winners).toEqual(["hall"]);
    const lines = house.logged
      .map(({ event }) => event)
      .filter((line) => Object.values<string>(LOG_LINE).includes(line));
    expect(lines).toEqual([LOG_LINE.started, LOG_LINE.joined, LOG_LINE.completed, LOG_LINE.cancelled]);
    await until(() => (kitchen?.heard.length ?? 0) > 0, "told");
    expect(kitchen?.heard).toMatchObject([
      {
        requestId: "kitchen",
        command: "relay_cancelled",
        responseText: "Another relay is handling this request.",
        success: false,
      },
    ]);
  });

  test("MAX_CONCURRENT_RELAYS holds: the next is refused with how many there may be", async () => {
    const house = await open({ maxRelays: 2 });
    const [kitchen, hall, attic] = [house.relay("kitchen"), house.relay("hall"), house.relay("attic")];
    await known(house, kitchen, hall);
    attic.sendOne(utterance(16_000));
    await until(() => attic.status !== undefined, "refused");
    expect(attic.status).toMatchObject({
      code: 8,
      details: "2 relays are connected already: raise arbitration.max_relays",
    });
    expect(house.winners).toEqual([]);
  });

  test("RMS is sqrt(mean(x²)) of x = int16/32767", () => {
    expect(rmsOf(new Int16Array(0))).toBe(0);
    expect(rmsOf(new Int16Array([16_383.5]))).toBeCloseTo(0.5, 4);
    expect(rmsOf(new Int16Array([0, 32_767, 0, -32_767]))).toBeCloseTo(Math.SQRT1_2, 8);
    const square = Int16Array.from({ length: 16_000 }, (_, i) => (Math.floor(i / 20) % 2 === 0 ? 8000 : -8000));
    expect(rmsOf(square)).toBeCloseTo(0.244_148_078_8, 8);
    // And of a wake chunk that is nothing else.
    const utterances = new Utterances();
    const chunk = { relayId: "a", audioData: bytesOf(square), sampleRate: 16_000, timestamp: 0n };
    const [said] = utterances.take({ ...chunk, isWakeWord: true, isEndOfSpeech: true }, 10_000);
    expect(said?.kind === "word" ? said.evidence?.rms : undefined).toBeCloseTo(0.244_148_078_8, 8);
  });
});

const SOFT = {
  ...{ bandDb: -40, evenDb: -40, floorDb: -60, snrDb: 20, envelopeVariance: 0.1, confidence: 0.5, durationMs: 600 },
};
