import { describe, expect, test } from "bun:test";
import { SharedMemory } from "../../src/memory/shared-memory.ts";
import { spawnThread } from "../../src/supervise/supervisor.ts";
import type { LastWords } from "../../src/supervise/worker-life.ts";

const FRAIL = new URL("./frail-worker.ts", import.meta.url);

/** How a thread ends: its last words, or undefined for none. */
function endOf(settings: unknown, buffer = SharedMemory.create({ streams: 1, relays: 1 }).buffer, url = FRAIL) {
  return new Promise<LastWords | undefined>((resolve) => {
    spawnThread(url, { buffer, settings }, resolve);
  });
}

describe("a worker's end is told, however it comes:", () => {
  test.each([
    ["returns", undefined],
    ["exits", undefined],
    ["rejects", { message: "it threw\nover two lines", code: "crashed" }],
    ["is fatal", { message: "the port is taken", code: "port_taken" }],
    ["throws elsewhere", { message: "thrown in a timer", code: "crashed" }],
    ["rejects elsewhere", { message: "a promise that nobody caught", code: "crashed" }],
    ["rejects with a text", { message: "just words", code: "crashed" }],
  ])("it %s", async (how, words) => {
    expect(await endOf(how)).toEqual(words);
  });

  test("it gets memory of another layout", async () => {
    expect(await endOf("returns", new SharedArrayBuffer(64))).toMatchObject({
      message: expect.stringContaining("is not Earshot's"),
      code: "crashed",
    });
  });

  test("it cannot be loaded", async () => {
    const words = await endOf("returns", undefined, new URL("./no-such-worker.ts", import.meta.url));
    expect(words?.code).toBe("crashed");
    expect(words?.message).not.toBe("");
  });

  test("it is terminated", async () => {
    const { buffer } = SharedMemory.create({ streams: 1, relays: 1 });
    const closed = Promise.withResolvers<LastWords | undefined>();
    const handle = spawnThread(FRAIL, { buffer, settings: "stays" }, closed.resolve);
    const beats = SharedMemory.attach(buffer).heartbeat("capture").reader();
    while (beats.refresh() !== "fresh") await Bun.sleep(2);
    handle.terminate();
    expect(await closed.promise).toBeUndefined();
  });
});
