import { expect } from "bun:test";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials } from "@grpc/grpc-js";
import { LoqaHouse, until } from "../../loqa/loqa-house.ts";
import { LoqaRelay } from "../../loqa/loqa-relay.ts";
import { utterance } from "../../loqa/spoken-words.ts";
import { makePapers } from "../../loqa/tls-papers.ts";
import { configOf } from "../sources.ts";
import { turningOf } from "./turning.ts";

const turning = turningOf("loqa");

turning("loqa.enabled", async () => {
  await inHouse({ enabled: false }, async (house) => expect(house.loqa.port).toBeUndefined());
  await inHouse({}, async (house) => expect(await isServed(house, plain(house))).toBe(true));
});

turning("loqa.host", () =>
  inHouse({ host: "127.0.0.2" }, async (house) => {
    expect(await isServed(house, plain(house, "127.0.0.2"))).toBe(true);
    expect(await isServed(house, plain(house))).toBe(false);
  }),
);

turning("loqa.port", async () => {
  const port = await inHouse({}, async (house) => house.loqa.port ?? 0);
  await inHouse({ port }, async (house) => expect(house.loqa.port).toBe(port));
});

turning("loqa.model", () =>
  inHouse({ model: "hello_house" }, async (house) => {
    expect(await isServed(house, plain(house))).toBe(true);
    expect(house.granted[0]?.model).toBe("hello_house");
  }),
);

turning("loqa.plaintext", async () => {
  expect(() => configOf("loqa: {enabled: true, host: 0.0.0.0}\n")).toThrow("can be reached from other machines");
  expect(configOf("loqa: {enabled: true, host: 0.0.0.0, plaintext: true}\n").loqa.host).toBe("0.0.0.0");
});

turning("loqa.tls.cert", () =>
  withPapers((at) =>
    inHouse({ tls: { cert: at("hub.crt"), key: at("hub.key") } }, async (house) => {
      expect(await isServed(house, await secure(house, at, "ours"))).toBe(true);
      expect(await isServed(house, await secure(house, at, "others"))).toBe(false);
    }),
  ),
);

turning("loqa.tls.key", () =>
  withPapers(async (at) => {
    expect(() => configOf("loqa: {tls: {cert: a.pem}}\n")).toThrow("loqa.tls.key is missing");
    await inHouse({ tls: { cert: at("hub.crt"), key: at("stranger.key") } }, async (house) => {
      expect(await isServed(house, await secure(house, at, "ours"))).toBe(false);
    });
  }),
);

turning("loqa.tls.client_ca", () =>
  withPapers((at) =>
    inHouse({ tls: { cert: at("hub.crt"), key: at("hub.key"), client_ca: at("ours.crt") } }, async (house) => {
      expect(await isServed(house, await secure(house, at, "ours"))).toBe(false);
      expect(await isServed(house, await secure(house, at, "ours", "kitchen"))).toBe(true);
    }),
  ),
);

turning("loqa.nats.url", async () => expect(await toldNats({})).toMatchObject({ name: "earshot" }));
turning("loqa.nats.user", async () => expect(await toldNats({ user: "house" })).toMatchObject({ user: "house" }));
turning("loqa.nats.password", async () =>
  expect(await toldNats({ user: "house", password: "four-walls" })).toMatchObject({ pass: "four-walls" }),
);

async function inHouse<T>(loqa: Record<string, unknown>, work: (house: LoqaHouse) => Promise<T>): Promise<T> {
  const house = await LoqaHouse.open({ loqa });
  try {
    return await work(house);
  } finally {
    await house.close();
  }
}

async function withPapers(work: (at: (name: string) => string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "earshot-loqa-"));
  try {
    await work(makePapers(folder));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function plain(house: LoqaHouse, host?: string): LoqaRelay {
  return added(house, new LoqaRelay(house.loqa.port ?? 0, "kitchen", credentials.createInsecure(), host));
}

async function secure(
  house: LoqaHouse,
  at: (name: string) => string,
  trusts: string,
  own?: string,
): Promise<LoqaRelay> {
  const [key, cert] =
    own === undefined ? [null, null] : [await readFile(at(`${own}.key`)), await readFile(at(`${own}.crt`))];
  const channel = credentials.createSsl(await readFile(at(`${trusts}.crt`)), key, cert);
  return added(house, new LoqaRelay(house.loqa.port ?? 0, "kitchen", channel, "localhost"));
}

function added(house: LoqaHouse, relay: LoqaRelay): LoqaRelay {
  house.relays.push(relay);
  return relay;
}

async function isServed(house: LoqaHouse, relay: LoqaRelay): Promise<boolean> {
  const before = house.granted.length;
  house.pass(60_000);
  relay.sendOne(utterance(16_000));
  await until(() => house.granted.length > before || relay.status !== undefined, "granted or refused");
  return house.granted.length > before;
}

/** @returns what a NATS server is told by who connects */
async function toldNats(more: { readonly user?: string; readonly password?: string }): Promise<unknown> {
  let told = "";
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      told += bytes.toString();
    });
    socket.write('INFO {"server_id":"a","version":"2.9.0","proto":1,"max_payload":1048576,"auth_required":true}\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const url = `nats://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  return inHouse({ nats: { url, ...more } }, async () => {
    await until(() => /CONNECT (.*)\r\n/.test(told), "somebody connects");
    server.close();
    return JSON.parse(/CONNECT (.*)\r\n/.exec(told)?.[1] ?? "null");
  });
}
