// Peers that mean harm, or are broken: each gets a clear status, leaves nothing behind, and others notice nothing.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { status } from "@grpc/grpc-js";
import { LoqaHouse, until } from "./loqa-house.ts";
import { bytesOf, chunkBytes, type LoqaRelay } from "./loqa-relay.ts";
import { utterance } from "./spoken-words.ts";

let house: LoqaHouse;
let kitchen: LoqaRelay;
const sockets: Socket[] = [];

beforeEach(async () => {
  house = await LoqaHouse.open();
  kitchen = house.relay("kitchen");
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await house.close();
});

/** Somebody else, whom all this must not concern, says a command and is answered. */
async function othersAreServed(): Promise<void> {
  house.pass(40_000);
  const [before, grants] = [kitchen.commands.length, house.granted.length];
  kitchen.sendOne(utterance(16_000, { commandS: 0.3, silenceS: 0.2 }));
  await until(() => {
    // Those who were here before may be waited for.
    house.pass(1);
    return house.granted.length > grants && house.isWhole(house.granted.at(-1)?.fence ?? 0);
  }, "granted");
  expect(house.winners.at(-1)).toBe("kitchen");
  house.answer();
  await until(() => kitchen.commands.length === before + 1, "answered");
  expect(kitchen.commands.at(-1)).toBe("light_on");
}

/** The kitchen's is one. */
function callsAfterALook(): number {
  house.look();
  return house.loqa.calls;
}

async function raw(): Promise<Socket> {
  const socket = connect(house.loqa.port ?? 0, "127.0.0.1");
  sockets.push(socket);
  socket.on("error", () => {});
  await new Promise((resolve) => socket.once("connect", resolve));
  return socket;
}

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

function frame(type: number, flags: number, stream: number, payload: Uint8Array = new Uint8Array(0)): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

/** Header fields as HPACK literals without a table. */
function headers(fields: Readonly<Record<string, string>>): Buffer {
  const parts = Object.entries(fields).flatMap(([name, value]) => [
    Buffer.from([0, name.length]),
    Buffer.from(name),
    Buffer.from([value.length]),
    Buffer.from(value),
  ]);
  return Buffer.concat(parts);
}

const REQUEST = headers({
  ":method": "POST",
  ":scheme": "http",
  ":path": "/loqa.audio.AudioService/StreamAudio",
  ":authority": "hub",
  "content-type": "application/grpc",
  te: "trailers",
});

describe("messages", () => {
  test("that are none are answered with what is wrong, and in the end with INVALID_ARGUMENT", async () => {
    const bad = house.relay("bad");
    for (let n = 0; n < 25; n++) bad.sendRaw(new Uint8Array([0xff, 0xff, 0xff, n]));
    await until(() => bad.status !== undefined, "ended");
    expect(bad.status?.code).toBe(status.INVALID_ARGUMENT);
    expect(bad.status?.details).toStartWith("too much made no sense; at last: ");
    expect(bad.heard[0]).toMatchObject({
      command: "error",
      success: false,
      responseText: "Invalid audio data received. Please try again.",
    });
    expect(bad.heard).toHaveLength(20);
    await othersAreServed();
  });

  test.each([
    [
      "a message that is cut off",
      chunkBytes({ relayId: "bad", audio: new Uint8Array(100), wake: true }).subarray(0, 60),
    ],
    ["no id", chunkBytes({ relayId: "", audio: new Uint8Array(100), wake: true })],
    ["an id that goes on for ever", chunkBytes({ relayId: "a".repeat(100_000), audio: new Uint8Array(2), wake: true })],
    ["an id for everybody", chunkBytes({ relayId: "broadcast", audio: new Uint8Array(2), wake: true })],
    ["control characters in an id", chunkBytes({ relayId: "a\n\u001b[2J", audio: new Uint8Array(2), wake: true })],
    ["a rate of 0", chunkBytes({ relayId: "bad", audio: new Uint8Array(100), rateHz: 0, wake: true })],
    [
      "a rate that needs a filter of its own",
      chunkBytes({ relayId: "bad", audio: new Uint8Array(100), rateHz: 44_101 }),
    ],
    ["a negative rate", chunkBytes({ relayId: "bad", audio: new Uint8Array(100), rateHz: -16_000, wake: true })],
  ])("with %s are answered, and the stream stays", async (_what, bytes) => {
    const bad = house.relay("bad");
    bad.sendRaw(bytes);
    await until(() => bad.heard.length === 1, "answered");
    expect(bad.heard[0]).toMatchObject({ command: "error", success: false });
    expect(bad.heard[0]?.error.length).toBeLessThan(200);
    expect(house.hub.seats.size).toBe(0);
    bad.sendOne(utterance(16_000));
    await until(() => house.winners.length === 1, "a good command behind it");
  });

  test("under another relay's id on one stream are refused", async () => {
    const bad = house.relay("bad");
    bad.sendOne(utterance(16_000));
    await until(() => house.winners.length === 1, "granted");
    bad.sendRaw(chunkBytes({ relayId: "kitchen", audio: new Uint8Array(100), wake: true, end: true }));
    await until(() => bad.heard.length === 1, "answered");
    expect(bad.heard[0]?.error).toBe('relay_id "kitchen" on the stream of "bad": one stream for each relay');
  });

  test("of 590 kB are taken, of 5 MB refused with RESOURCE_EXHAUSTED", async () => {
    const large = house.relay("large");
    const said = utterance(22_050, { commandS: 10, silenceS: 2.28 });
    expect(said.byteLength).toBeGreaterThan(589_000);
    large.sendTwo(said);
    await until(() => house.granted.length === 1 && house.isWhole(1), "granted");
    expect(house.soundOf(1).length).toBe(Math.ceil((said.length * 16_000) / 22_050));
    large.sendRaw(new Uint8Array(5 * 1024 * 1024));
    await until(() => large.status !== undefined, "ended");
    expect(large.status?.code).toBe(status.RESOURCE_EXHAUSTED);
    await until(() => !house.hub.seats.has("large"), "it has no place any more");
    await othersAreServed();
  });

  test("as long as any may be, of a relay that waited for silence in vain, do not end its stream", async () => {
    const noisy = house.relay("noisy");
    const said = new Int16Array(2_090_000);
    said.set(utterance(22_050));
    noisy.sendTwo(said);
    await until(() => house.granted.length === 1 && house.isWhole(1), "granted");
    expect(noisy.status).toBeUndefined();
    await othersAreServed();
  });

  test("that bring sound faster than anybody speaks end with RESOURCE_EXHAUSTED", async () => {
    const bad = house.relay("bad");
    for (let n = 0; n < 15; n++) bad.send({ audio: new Uint8Array(10 * 32_000) });
    await until(() => bad.status !== undefined, "ended");
    expect(bad.status).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: expect.stringMatching(/faster than it can be said/),
    });
    await othersAreServed();
  });

  test("that come by the thousand end with RESOURCE_EXHAUSTED", async () => {
    const bad = house.relay("bad");
    for (let n = 0; n < 1500; n++) bad.send({ audio: new Uint8Array(1) });
    await until(() => bad.status !== undefined, "ended");
    expect(bad.status).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: expect.stringMatching(/messages come faster/),
    });
    await othersAreServed();
  });

  test("of a method that is none end with UNIMPLEMENTED", async () => {
    const socket = await raw();
    const heard: Buffer[] = [];
    socket.on("data", (bytes: Buffer) => heard.push(bytes));
    const path = headers({
      ":method": "POST",
      ":scheme": "http",
      ":path": "/a.B/C",
      ":authority": "hub",
      "content-type": "application/grpc",
      te: "trailers",
    });
    socket.write(Buffer.concat([Buffer.from(PREFACE), frame(4, 0, 0), frame(1, 5, 1, path)]));
    await until(() => Buffer.concat(heard).includes("UNIMPLEMENTED") || Buffer.concat(heard).length > 60, "an answer");
    await othersAreServed();
  });
});

describe("connections", () => {
  test("that are no HTTP/2 are closed", async () => {
    const socket = await raw();
    let closed = false;
    socket.on("close", () => {
      closed = true;
    });
    socket.on("data", () => {});
    socket.write("GET / HTTP/1.1\r\nHost: hub\r\n\r\n");
    await until(() => closed, "closed");
    await othersAreServed();
  });

  test("beyond the limit are closed at once", async () => {
    await othersAreServed();
    const many = await Promise.all(Array.from({ length: 30 }, () => raw()));
    let closed = 0;
    for (const socket of many) {
      socket.on("close", () => closed++);
      socket.resume();
    }
    // 10 relays may be connected, and 8 connections are spare; one is the kitchen's.
    await until(() => closed === 13, "13 of 30 closed");
    await othersAreServed();
  });

  test("that reset their calls as fast as they can are cut", async () => {
    await othersAreServed();
    const socket = await raw();
    let closed = false;
    socket.on("close", () => {
      closed = true;
    });
    socket.resume();
    socket.write(Buffer.concat([Buffer.from(PREFACE), frame(4, 0, 0)]));
    const before = process.memoryUsage().rss;
    for (let stream = 1; stream < 40_000 && !closed; stream += 2) {
      socket.write(Buffer.concat([frame(1, 4, stream, REQUEST), frame(3, 0, stream, Buffer.from([0, 0, 0, 8]))]));
      if (stream % 1000 === 1) await Bun.sleep(1);
    }
    await until(() => closed, "cut");
    expect(process.memoryUsage().rss - before).toBeLessThan(100e6);
    await until(() => callsAfterALook() === 1, "its calls are over");
    await othersAreServed();
  });

  test("that end in the middle of a message leave nothing", async () => {
    const socket = await raw();
    socket.resume();
    const message = chunkBytes({ relayId: "bad", audio: bytesOf(utterance(16_000)), wake: true, end: true });
    const prefix = Buffer.from([0, 0, 0, 0, 0]);
    prefix.writeUInt32BE(message.length, 1);
    const half = Buffer.concat([prefix, message]).subarray(0, 10_000);
    socket.write(Buffer.concat([Buffer.from(PREFACE), frame(4, 0, 0), frame(1, 4, 1, REQUEST), frame(0, 0, 1, half)]));
    await until(() => house.loqa.calls === 2, "open");
    socket.destroy();
    await until(() => callsAfterALook() === 1, "gone");
    expect(house.hub.rounds).toEqual([]);
    await othersAreServed();
  });

  test("that send a byte now and then hold nobody up", async () => {
    const socket = await raw();
    socket.resume();
    const message = chunkBytes({
      relayId: "slow",
      audio: bytesOf(utterance(16_000).subarray(0, 200)),
      wake: true,
      end: true,
    });
    const prefix = Buffer.from([0, 0, 0, 0, 0]);
    prefix.writeUInt32BE(message.length, 1);
    const all = Buffer.concat([prefix, message]);
    socket.write(Buffer.concat([Buffer.from(PREFACE), frame(4, 0, 0), frame(1, 4, 1, REQUEST)]));
    for (let at = 0; at < all.length; at++) {
      socket.write(frame(0, 0, 1, all.subarray(at, at + 1)));
      if (at !== 200) continue;
      await othersAreServed();
      house.pass(40_000);
    }
    await until(() => {
      house.pass(1);
      return house.winners.at(-1) === "slow";
    }, "even that is a command in the end");
  });
});

describe("a relay that does not read what it is told", () => {
  test("is told less and less, keeps its stream, and is served", async () => {
    const socket = await raw();
    const heard: Buffer[] = [];
    socket.on("data", (bytes: Buffer) => heard.push(bytes));
    // Nothing is ever said of how much more may come: 65,535 bytes do.
    socket.write(Buffer.concat([Buffer.from(PREFACE), frame(4, 0, 0), frame(1, 4, 1, REQUEST)]));
    const speech = { pcm: new Int16Array(48_000).fill(1000), sampleRateHz: 24_000 };
    for (let n = 1; n <= 40; n++) {
      const audio = bytesOf(utterance(16_000, { commandS: 0.2, silenceS: 0, leadS: 0 }));
      const message = chunkBytes({ relayId: "deaf", audio, wake: true, end: true });
      const prefix = Buffer.from([0, 0, 0, 0, 0]);
      prefix.writeUInt32BE(message.length, 1);
      const all = Buffer.concat([prefix, message]);
      for (let at = 0; at < all.length; at += 16_384) socket.write(frame(0, 0, 1, all.subarray(at, at + 16_384)));
      await until(() => house.granted.length === n && house.isWhole(house.granted.at(-1)?.fence ?? 0), `command ${n}`);
      house.answer({ kind: "answer", text: "Yes.", transcription: "", command: "", speech });
      house.pass(5000);
    }
    expect(Buffer.concat(heard).length).toBeLessThan(80_000);
    expect(house.hub.seats.has("deaf")).toBe(true);
    await othersAreServed();
  }, 20_000);
});
