import { describe, expect } from "bun:test";
import { readFile } from "node:fs/promises";
import { monotonicMs } from "../../../ffi/clock.ts";
import type { LiveMessage } from "../../../src/web/schemas/live.ts";
import { until } from "../thread-rig.ts";
import { ownFolder } from "./own-folder.ts";
import { turningOf } from "./turning.ts";
import { webWorker } from "./web-worker.ts";

const turning = turningOf("state");
const at = ownFolder();

describe("in the web worker", () => {
  const { url, get, change, memory } = webWorker(at);

  turning("name", async () => {
    await change({ name: "Küche" });
    expect((await get("/api/state")).name).toBe("Küche");
    await change({ name: null });
    expect((await get("/api/state")).name).not.toBe("Küche");
  });

  turning("activation.hold", async () => {
    const detections = memory().detectionWriter();
    const heldMs = async (hold: string, agoMs: number) => {
      await change({ activation: { hold } });
      const frameEndMs = monotonicMs() - agoMs;
      detections.append((event) => Object.assign(event, { model: "alexa", confidence: 0.9, stream: 0, frameEndMs }));
      memory().webBell.ring();
      const activation = memory().activation(0).reader();
      await until("it is awake", () => activation.read().state === "awake");
      const { sinceMs, untilMs } = activation.value;
      await change({ activation: { hold: "1s" } });
      await fetch(`${url}/api/reset`, { method: "POST" });
      return Math.round(untilMs - sinceMs);
    };
    // Far enough apart to be two words, and not so old that nobody waits for an answer any more.
    expect(await heldMs("100ms", 2700)).toBe(100);
    expect(await heldMs("20s", 0)).toBe(20_000);
  });

  turning("activation_system.method", async () => {
    const file = at("method/state.json");
    await change({ activation_system: { file } });
    expect(await Bun.file(file).exists()).toBe(false);
    await change({ activation_system: { method: "file" } });
    await until("the file is there", () => Bun.file(file).exists());
    expect(JSON.parse(await readFile(file, "utf8")).state.method).toBe("file");
    expect((await get("/api/state")).method).toBe("file");
    await change({ activation_system: { method: null } });
    expect((await get("/api/state")).method).toBe("shared_memory");
  });

  turning("activation_system.file", async () => {
    const [one, two] = [at("one.json"), at("two.json")];
    await change({ activation_system: { method: "file", file: one } });
    await until("the one is there", () => Bun.file(one).exists());
    expect(await Bun.file(two).exists()).toBe(false);
    await change({ activation_system: { file: two } });
    await until("the other is there", () => Bun.file(two).exists());
    await change({ activation_system: null });
  });

  turning("activation_system.update_rate", async () => {
    const times: number[] = [];
    const socket = new WebSocket(`${url.replace("http", "ws")}/ws`);
    socket.addEventListener("message", ({ data }) => {
      if ((JSON.parse(String(data)) as LiveMessage).type === "levels") times.push(performance.now());
    });
    const within = async (ms: number) => {
      times.length = 0;
      await Bun.sleep(ms);
      return times.length;
    };
    await new Promise((resolve) => socket.addEventListener("open", resolve));
    await change({ activation_system: { update_rate: "20ms" } });
    expect(await within(500)).toBeGreaterThan(12);
    await change({ activation_system: { update_rate: "60s" } });
    expect(await within(500)).toBeLessThan(3);
    // A shorter one counts at once, not when the long one is over.
    await change({ activation_system: { update_rate: "50ms" } });
    expect(await within(500)).toBeGreaterThan(4);
    socket.close();
  });
});
