// A relay that its hub does not let in, both as the whole program: what each says of it, and what to do.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import type { HealthView } from "../../src/web/schemas/health.ts";
import { type RunningEarshot, runCommand, startEarshot } from "../support/running-earshot.ts";

const HUB = "activation: { hold: 300ms }\nweb: { loopback_needs_token: true }\n";
const NO_SOUND = { PULSE_SERVER: "unix:/nonexistent", JACK_NO_START_SERVER: "1" };

describe("a relay that is kept out", () => {
  let hub: RunningEarshot;
  let relay: RunningEarshot;

  beforeAll(async () => {
    hub = await startEarshot({ command: "hub", args: ["--model", "alexa"], config: HUB });
    await hub.until("it answers", () => true);
    relay = await startEarshot({
      command: "relay",
      args: ["--hub", hub.url, "--token-file", "kitchen.token", "--model", "alexa"],
      env: NO_SOUND,
    });
    await relay.until("it answers", () => true);
  }, 40_000);
  afterAll(async () => {
    await relay?.destroy();
    await hub?.destroy();
  });

  const reasonsOf = async (earshot: RunningEarshot) => (await earshot.get<HealthView>("/api/health")).reasons;
  const says = async (earshot: RunningEarshot, text: string) => {
    for (const endMs = performance.now() + 15_000; performance.now() < endMs; await Bun.sleep(50)) {
      if (earshot.log().includes(text)) return;
    }
    throw new Error(`it never said "${text}":\n${earshot.log()}`);
  };

  test("says which file is missing, and what the hub said, each with what to do", async () => {
    await says(relay, "relay.token_file: there is no file");
    await says(relay, "a relay needs a token");
    expect(relay.log()).toContain("earshot token add NAME");
    const { satellite } = await relay.get<{ satellite: { code: string; why: string } }>("/api/state");
    expect(satellite).toMatchObject({ code: "no_token", why: expect.stringContaining("there is no file") });
  }, 20_000);

  test("comes in with the token, unless the hub's file of tokens is one that others may read: then its health says so", async () => {
    const made = await runCommand(["token", "add", "kitchen", "--json"], { folder: hub.folder });
    const file = join(hub.folder, "relay-tokens.json");
    chmodSync(file, 0o644);
    for (const endMs = performance.now() + 10_000; performance.now() < endMs; await Bun.sleep(100)) {
      if ((await reasonsOf(hub)).some(({ code }) => code === "token_file")) break;
    }
    const reason = (await reasonsOf(hub)).find(({ code }) => code === "token_file");
    expect(reason).toMatchObject({ severity: "degraded", message: expect.stringContaining(`chmod 600 ${file}`) });
    await Bun.write(join(relay.folder, "kitchen.token"), (JSON.parse(made.stdout) as { token: string }).token);
    await says(relay, "the token is not known");
    chmodSync(file, 0o600);
    await relay.until("it is in", ({ satellite }) => satellite?.connected === true, 25_000);
    expect((await reasonsOf(hub)).map(({ code }) => code)).not.toContain("token_file");
  }, 60_000);
});
