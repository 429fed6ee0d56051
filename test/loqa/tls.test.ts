// Relays that come by TLS, and those that must show a certificate of their own.
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials } from "@grpc/grpc-js";
import { LoqaHouse, until } from "./loqa-house.ts";
import { LoqaRelay } from "./loqa-relay.ts";
import { utterance } from "./spoken-words.ts";
import { makePapers } from "./tls-papers.ts";

let folder = "";
const at = (name: string) => join(folder, name);
const houses: LoqaHouse[] = [];
const relays: LoqaRelay[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "earshot-loqa-tls-"));
  makePapers(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(async () => {
  for (const relay of relays.splice(0)) relay.goAway();
  for (const house of houses.splice(0)) await house.close();
});

async function open(tls: Record<string, string>): Promise<LoqaHouse> {
  const house = await LoqaHouse.open({ loqa: { tls: { cert: at("hub.crt"), key: at("hub.key"), ...tls } } });
  houses.push(house);
  return house;
}

async function relay(house: LoqaHouse, own?: string): Promise<LoqaRelay> {
  const papers =
    own === undefined ? [null, null] : [await readFile(at(`${own}.key`)), await readFile(at(`${own}.crt`))];
  const [key = null, cert = null] = papers;
  const channel = credentials.createSsl(await readFile(at("ours.crt")), key, cert);
  // A certificate is for a name.
  const made = new LoqaRelay(house.loqa.port ?? 0, "kitchen", channel, "localhost");
  relays.push(made);
  made.sendOne(utterance(16_000));
  return made;
}

test("with a certificate of the hub, relays that trust it are served", async () => {
  const house = await open({});
  const kitchen = await relay(house);
  await until(() => house.winners.length === 1, "granted");
  house.answer();
  await until(() => kitchen.heard.length === 1, "answered");
});

test("with client_ca, only relays with a certificate of that authority are served", async () => {
  const house = await open({ client_ca: at("ours.crt") });
  const [nobody, stranger] = [await relay(house), await relay(house, "stranger")];
  await until(() => nobody.status !== undefined && stranger.status !== undefined, "both are refused", 8000);
  expect([nobody.status?.code, stranger.status?.code]).toEqual([14, 14]);
  expect(house.hub.seats.size).toBe(0);
  await relay(house, "kitchen");
  await until(() => house.winners.length === 1, "granted");
}, 15_000);

test("plain HTTP/2 is not taken where TLS is wanted", async () => {
  const house = await open({});
  const plain = house.relay("plain");
  plain.sendOne(utterance(16_000));
  await until(() => plain.status !== undefined, "refused", 8000);
  expect(plain.status?.code).toBe(14);
}, 15_000);
