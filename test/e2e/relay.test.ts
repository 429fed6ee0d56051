// A relay as the whole program, with a real sound server for its microphone, before a hub without one.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { RelayView } from "../../src/web/schemas/relays.ts";
import { alexaClips, sayIfSynthetic } from "../support/alexa-clips.ts";
import { descendants, type RunningEarshot, startEarshot } from "../support/running-earshot.ts";
import {
  canMakeVirtualMicrophone,
  startVirtualMicrophone,
  type VirtualMicrophone,
} from "../support/virtual-microphone.ts";

const here = canMakeVirtualMicrophone();
if (!here) console.log("skipped: a relay with a microphone: pulseaudio, pactl or paplay is not installed");
sayIfSynthetic("a relay with a microphone");

describe.skipIf(!here)("a relay and a hub without a microphone", () => {
  const [word = ""] = alexaClips(1);
  let microphone: VirtualMicrophone;
  let hub: RunningEarshot;
  let relay: RunningEarshot;

  beforeAll(async () => {
    microphone = await startVirtualMicrophone();
    hub = await startEarshot({ command: "hub", args: ["--model", "alexa"], config: "activation: { hold: 300ms }\n" });
    await hub.until("it answers", () => true);
    expect((await fetch(`${hub.url}/api/health`)).status).toBe(503);
    relay = await startEarshot({
      command: "relay",
      args: ["--hub", hub.url, "--id", "kitchen", "--model", "alexa"],
      env: microphone.env,
    });
    await relay.until("armed", ({ activation }) => activation.armed);
  }, 40_000);
  afterAll(async () => {
    await relay?.destroy();
    await hub?.destroy();
    await microphone?.stop();
  });

  const seen = async () =>
    (await hub.get<{ relays: RelayView[] }>("/api/relays")).relays.find(({ id }) => id === "kitchen");

  test("are one house: a word wakes both, and the page of each says whose it is", async () => {
    expect((await relay.get<{ satellite: unknown }>("/api/state")).satellite).toMatchObject({
      connected: true,
      id: "kitchen",
    });
    expect(await seen()).toMatchObject({ kind: "relay", detects: true });
    await hub.until("well", ({ health }) => health.status === "ok");
    const page = await relay.watch();
    const playing = microphone.play(word);
    await hub.until("its winner", ({ rounds }) => rounds[0]?.grants[0]?.relayId === "kitchen");
    await relay.until("over", ({ activation, detections }) => detections.length === 1 && activation.state === "armed");
    const states = page.messages.flatMap((message) =>
      message.type === "state" ? [message.state.activation.state] : [],
    );
    expect(states).toContain("awake");
    page.close();
    await playing;
  }, 20_000);

  test("answer what only a hub can do with the name of the hub", async () => {
    for (const path of ["/api/arbitration", "/api/relays", "/relay"]) {
      const response = await fetch(relay.url + path);
      expect(response.status).toBe(409);
      expect(await response.json()).toMatchObject({ error: { code: "is_a_relay", hint: `ask ${hub.url}/` } });
    }
    const sent = await fetch(`${relay.url}/api/streams/attic`, { method: "PUT", body: new Uint8Array(640) });
    expect(sent.status).toBe(409);
  });

  test("know of a microphone that is gone, and of its return", async () => {
    await microphone.kill();
    await hub.until("the trouble", ({ relays }) =>
      relays.some(({ id, trouble }) => id === "kitchen" && trouble !== null),
    );
    expect((await fetch(`${hub.url}/api/health`)).status).toBe(503);
    await microphone.restart();
    await hub.until("none", ({ relays }) => relays.some(({ id, trouble }) => id === "kitchen" && trouble === null));
  }, 40_000);

  test("find each other again when the relay's program is killed", async () => {
    const since = (await seen())?.since ?? 0;
    const [child = 0] = descendants(relay.pid);
    process.kill(child, "SIGKILL");
    await hub.until("it is back", ({ relays }) =>
      relays.some((one) => one.id === "kitchen" && one.connected && one.since > since + 10 && one.trouble === null),
    );
    await relay.until("armed", ({ activation }) => activation.armed);
    const playing = microphone.play(word);
    await hub.until("another round", ({ rounds }) => rounds.length > 1 && rounds[0]?.grants[0]?.relayId === "kitchen");
    await playing;
  }, 40_000);

  test("stay what they are without each other: a relay whose hub ends is down, and says which it was", async () => {
    await hub.stop();
    await relay.until("the hub is away", ({ health }) => health.reasons[0]?.code === "hub_away");
    expect((await fetch(`${relay.url}/api/health`)).status).toBe(503);
    expect((await relay.stop()).code).toBe(0);
  }, 20_000);
});
