import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RelayFlags, relay } from "../../src/cli/relay.ts";
import type { RelayEvent } from "../../src/relay/relay-events.ts";
import { SECRET, serveSmallHub, until } from "../relay/serve-small-hub.ts";
import { clip, clipPaths, joined, noise, saySkipped, speechIsHere } from "../support/clips.ts";
import { encodeWav } from "../support/encode-wav.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "earshot-relay-"));
});
afterAll(() => rm(folder, { recursive: true }));

const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** `earshot relay` on a file, in this process. */
async function started(name: string, samples: Int16Array, url: string, over: Partial<RelayFlags> = {}, token?: string) {
  const file = join(folder, `${name}.wav`);
  await Bun.write(file, encodeWav(samples));
  const config = join(folder, "earshot.yaml");
  await Bun.write(config, "name: attic");
  const events: RelayEvent[] = [];
  const complaints: string[] = [];
  const ending = new AbortController();
  const running = relay(
    { hub: url, whileAway: "silent", config, source: `file:${file}`, model: ["alexa"], ...over },
    {
      signal: ending.signal,
      token,
      tell: (event) => events.push(event),
      complain: (line) => complaints.push(line),
    },
  );
  ends.push(async () => {
    ending.abort();
    await running;
  });
  return { events, complaints, running };
}

function serve(options: Parameters<typeof serveSmallHub>[0] = {}) {
  const served = serveSmallHub(options);
  ends.push(served.end);
  return served;
}

describe("earshot relay --audio-only", () => {
  test("sends every sample of its source, and ends when that does", async () => {
    const { hub, url } = serve();
    const samples = Int16Array.from({ length: 16_000 }, (_, i) => (i % 2000) - 1000);
    const { running } = await started("count", samples, url, { audioOnly: true });
    await running;
    await until(() => hub.members.size === 0);
    expect(hub.said[0]).toBe("1: admitted attic");
    const heard = hub.streams.flatMap((stream) => [...stream.samples]);
    // What was heard before the welcome is not sent, nor the rest that is no whole piece.
    expect(heard.length).toBeWithin(8000, 16_001);
    expect(heard.length % 1280).toBe(0);
    const end = Math.floor(samples.length / 1280) * 1280;
    expect(heard).toEqual([...samples.subarray(end - heard.length, end)]);
  }, 20_000);

  test("has its token's name, and says what is wrong when it has none", async () => {
    const { hub, url } = serve({ needsToken: true });
    const stranger = await started("stranger", new Int16Array(16_000), url, { audioOnly: true });
    await until(() => stranger.events.length > 0);
    expect(stranger.events[0]).toMatchObject({ type: "away", message: expect.stringContaining("is the token right?") });
    await started("guest", new Int16Array(32_000), url, { audioOnly: true }, SECRET);
    await until(() => hub.said.includes("1: admitted kitchen"));
  }, 20_000);

  test("refuses what is no address of a hub", async () => {
    await expect(
      relay(
        { hub: "ftp://hall", whileAway: "silent" },
        { signal: AbortSignal.abort(), token: undefined, tell: () => {}, complain: () => {} },
      ),
    ).rejects.toThrow('"ftp://hall" is not the address of a hub');
  });
});

saySkipped("a relay that hears a wake word");
describe.skipIf(!speechIsHere)("earshot relay", () => {
  const [path = ""] = clipPaths("alexa");

  test("claims a word with evidence, is granted, and sends the word and what follows", async () => {
    const { hub, url } = serve();
    hub.onClaim = (session, { number }) => session.tell({ type: "granted", claims: [number], round: 1, fence: 3 });
    const samples = joined(noise(1, 0.002, 1), await clip(path), noise(1, 0.002, 2));
    const { events, running } = await started("word", samples, url);
    await running;
    expect(hub.claims.map(({ claim }) => claim.model)).toEqual(["alexa"]);
    const [made] = hub.claims;
    expect(made?.claim.evidence?.snrDb).toBeGreaterThan(6);
    expect(events.map(({ type }) => type)).toEqual(["connected", "claimed", "granted", "lost"]);
    const heard = hub.audioHeard.flatMap((audio) => [...audio.samples]);
    expect(heard.length).toBeGreaterThan(16_000);
    const first = samples.join(",").indexOf(heard.slice(0, 500).join(","));
    expect(first).toBeGreaterThan(-1);
    expect(hub.said).toContain("1: envelope 1");
    expect(hub.said).toContain("1: onset");
  }, 30_000);
});
