import { afterEach, describe, expect } from "bun:test";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { CERTIFICATE_FILES, makeCertificate } from "../../../src/cli/make-certificate.ts";
import { wantedModels } from "../../../src/detect/wanted-models.ts";
import type { StateView } from "../../../src/web/schemas/state.ts";
import { SECRET, type SmallHubOptions, serveSmallHub } from "../../relay/serve-small-hub.ts";
import { freePort } from "../../support/free-port.ts";
import { configOf } from "../sources.ts";
import { until } from "../thread-rig.ts";
import { ownFolder } from "./own-folder.ts";
import { turningOf } from "./turning.ts";
import { startedWeb, webWorker } from "./web-worker.ts";

const turning = turningOf("relay");
const at = ownFolder();

describe("in the web worker", () => {
  const { change } = webWorker(at);

  const ends: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
  });

  const hub = (options: SmallHubOptions = {}) => {
    const served = serveSmallHub(options);
    ends.push(served.end);
    return served;
  };
  const relay = async (settings: object) => {
    const own = freePort();
    const rig = await startedWeb(at, `log: {level: error}\nweb: {port: ${own}}\nrelay: ${JSON.stringify(settings)}\n`);
    ends.push(() => rig.close());
    const state = async () => (await fetch(`http://127.0.0.1:${own}/api/state`)).json() as Promise<StateView>;
    return { rig, state };
  };
  const joined = ({ hub }: ReturnType<typeof serveSmallHub>, as: string) =>
    until(`${as} is taken in`, () => hub.said.includes(`1: admitted ${as}`));

  turning("relay.hub", async () => {
    const taking = hub();
    const { state } = await relay({ hub: `localhost:${taking.port}`, id: "attic" });
    await joined(taking, "attic");
    await until("it knows", async () => (await state()).satellite?.connected === true);
    expect((await change({ relay: { hub: "elsewhere" } })).needsRestart).toEqual(["relay.hub"]);
    await change({ relay: null });
  });

  turning("relay.id", async () => {
    const taking = hub();
    await relay({ hub: taking.url, id: "loft" });
    await joined(taking, "loft");
  });

  turning("relay.token", async () => {
    const asking = hub({ needsToken: true });
    const { state } = await relay({ hub: asking.url });
    await until("it is refused", async () => (await state()).satellite?.code === "no_token");
    await relay({ hub: asking.url, token: SECRET });
    await joined(asking, "kitchen");
  });

  turning("relay.token_file", async () => {
    const asking = hub({ needsToken: true });
    const token_file = at("kitchen.token");
    const { state } = await relay({ hub: asking.url, token_file });
    await until("it is missed", async () => (await state()).satellite?.why?.includes("kitchen.token") === true);
    await Bun.write(token_file, `${SECRET}\n`);
    await joined(asking, "kitchen");
  });

  turning("relay.ca_file", async () => {
    const { authority, cert, key } = await hubCertificate(at("tls"));
    const secure = hub({ tls: { cert, key } });
    const hubUrl = `wss://localhost:${secure.port}`;
    const { state } = await relay({ hub: hubUrl, id: "stranger" });
    await until("it does not believe", async () => (await state()).satellite?.code === "untrusted_certificate");
    const ca_file = at("hub.crt");
    await Bun.write(ca_file, authority);
    await relay({ hub: hubUrl, id: "guest", ca_file });
    await joined(secure, "guest");
  });

  turning("relay.while_away", async () => {
    const word = async (while_away: string) => {
      const { rig, state } = await relay({ hub: "localhost:1", id: "attic", while_away });
      rig.memory.detectionWriter().append((event) => {
        Object.assign(event, { kind: "detection", stream: 0, model: "alexa", label: "alexa", confidence: 0.9 });
      });
      rig.memory.webBell.ring();
      await until("it is seen", async () => (await state()).detections.length === 1);
      return (await state()).activation.state;
    };
    expect(await word("alone")).toBe("awake");
    expect(await word("silent")).toBe("off");
  });

  turning("relay.audio_only", async () => {
    const taking = hub();
    await relay({ hub: taking.url, id: "ears" });
    await joined(taking, "ears");
    const { state } = await relay({ hub: taking.url, id: "mouthless", audio_only: true });
    await until("both are there", () => taking.hub.members.size === 2);
    const detects = [...taking.hub.members.values()].map(({ introduction }) => introduction?.capabilities.detects);
    expect(detects).toEqual([true, false]);
    expect((await state()).satellite?.audioOnly).toBe(true);
    expect(wantedModels(configOf("relay: {hub: hall, audio_only: true}"), []).entries).toEqual([]);
  });
});

/** Of a hub at localhost, made as `earshot tls init` does. */
async function hubCertificate(folder: string) {
  await mkdir(folder);
  await makeCertificate(folder, { host: "localhost", names: ["localhost"] }, { force: false, unixMs: Date.now() });
  const text = (name: string) => readFile(join(folder, name), "utf8");
  const { authority, cert, key } = CERTIFICATE_FILES;
  return { authority: await text(authority), cert: await text(cert), key: await text(key) };
}
