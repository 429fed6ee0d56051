// Answers by NATS, as Loqa's own relays play them, with a real nats-server.

import { afterEach, expect, test } from "bun:test";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { parseWav } from "../../src/audio/wav.ts";
import type { Reply } from "../../src/hub/reply.ts";
import { freePort } from "../support/free-port.ts";
import { ANSWER, LoqaHouse, until } from "./loqa-house.ts";
import { utterance } from "./spoken-words.ts";

const program = ["/usr/sbin/nats-server", "/usr/bin/nats-server"].find((path) => Bun.which(path) !== null);
if (program === undefined) console.log("skipped: there is no nats-server (Debian: nats-server)");

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

async function natsServer(port: number, ...more: readonly string[]): Promise<void> {
  const server = Bun.spawn([program ?? "", "-a", "127.0.0.1", "-p", String(port), ...more], {
    stdout: "ignore",
    stderr: "ignore",
  });
  endings.push(async () => {
    server.kill();
    await server.exited;
  });
  for (let tries = 0; tries < 200; tries++) {
    const isUp = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } }).then(
      (socket) => {
        socket.end();
        return true;
      },
      () => false,
    );
    if (isUp) return;
    await Bun.sleep(20);
  }
  throw new Error("nats-server does not come");
}

const SPEECH = { pcm: Int16Array.from({ length: 22_050 }, (_, i) => i - 11_000), sampleRateHz: 22_050 };

async function commanded(house: LoqaHouse, reply: Reply = { ...ANSWER, speech: SPEECH }): Promise<void> {
  const kitchen = house.relays[0] ?? house.relay("kitchen");
  const [grants, told] = [house.granted.length, kitchen.heard.length];
  kitchen.sendTwo(utterance(22_050));
  await until(() => house.granted.length > grants && house.isWhole(house.granted.at(-1)?.fence ?? 0), "granted");
  house.answer(reply);
  await until(() => kitchen.heard.length > told, "answered by gRPC too");
  house.pass(5000);
}

test.skipIf(program === undefined)("an answer goes to audio.<relay_id>, and nowhere else", async () => {
  const port = freePort();
  await natsServer(port, "--user", "house", "--pass", "four-walls");
  const house = await LoqaHouse.open({
    loqa: { nats: { url: `nats://127.0.0.1:${port}`, user: "house", password: "four-walls" } },
  });
  endings.push(() => house.close());
  const listener: NatsConnection = await connect({ servers: `127.0.0.1:${port}`, user: "house", pass: "four-walls" });
  endings.push(() => listener.close());
  const heard: { readonly subject: string; readonly message: Record<string, unknown> }[] = [];
  listener.subscribe("audio.>", {
    callback: (_error, message) => void heard.push({ subject: message.subject, message: message.json() }),
  });
  await listener.flush();
  await until(() => house.logged.some(({ event }) => event === "NATS connected"), "connected");
  await commanded(house);
  await until(() => heard.length === 1, "published");
  const [{ subject, message } = { subject: "", message: {} }] = heard;
  expect(subject).toBe("audio.kitchen");
  expect(Object.keys(message).sort()).toEqual([
    ...["audio_data", "audio_format", "message_type", "priority", "sample_rate", "stream_id"],
  ]);
  expect(message).toMatchObject({ audio_format: "wav", sample_rate: 22_050, message_type: "response", priority: 1 });
  const wav = parseWav(Buffer.from(String(message.audio_data), "base64"));
  expect(wav).toEqual({ sampleRateHz: 22_050, channels: 1, samples: SPEECH.pcm });
  // Without sound there is nothing to play; what NATS does not take is said in the log, and gRPC has it.
  await commanded(house, { ...ANSWER, speech: undefined });
  await commanded(house, { ...ANSWER, speech: { pcm: new Int16Array(600_000), sampleRateHz: 24_000 } });
  await listener.flush();
  expect(heard).toHaveLength(1);
  expect(house.logged.some(({ event }) => event === "answer not published")).toBe(true);
  await commanded(house);
  await until(() => heard.length === 2, "published again");
  expect(heard[1]?.message.stream_id).not.toBe(message.stream_id);
});

test("a NATS server that is away is a trouble that is told, and keeps nobody from an answer", async () => {
  const port = freePort();
  const house = await LoqaHouse.open({ loqa: { nats: { url: `nats://127.0.0.1:${port}` } } });
  endings.push(() => house.close());
  await until(() => house.loqa.trouble !== undefined, "trouble");
  expect(house.loqa.trouble).toStartWith(`no NATS server answers at nats://127.0.0.1:${port}: `);
  await commanded(house);
  expect(house.relays[0]?.heard[0]).toMatchObject({ audioFormat: "wav", audioDuration: 1 });
});
