// A worker that beats as a healthy one until the page is there, and then fails as its settings say. It does no work.
import { dlopen } from "bun:ffi";
import { monotonicMs } from "../../ffi/clock.ts";
import type { WorkerName } from "../../src/memory/layout.ts";
import { Heart } from "../../src/supervise/heart.ts";
import { liveAsWorker } from "../../src/supervise/worker-life.ts";

export type Failing = "reject" | "hang in JavaScript" | "hang in Atomics.wait" | "hang in native code";

export interface StandInSettings {
  readonly name: WorkerName;
  readonly failing: Failing;
  /** How long it lives at least before it fails. */
  readonly liveMs: number;
}

function fail(failing: Failing): void {
  switch (failing) {
    case "reject":
      void Promise.reject(new Error("the stand-in rejected"));
      return;
    case "hang in JavaScript":
      for (;;);
    case "hang in Atomics.wait":
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      return;
    case "hang in native code": {
      // A thread waits for itself: unlike a sleep, no signal ends that.
      const { symbols } = dlopen("libc.so.6", { pthread_mutex_lock: { args: ["ptr"], returns: "i32" } });
      const mutex = new Uint8Array(64);
      symbols.pthread_mutex_lock(mutex);
      symbols.pthread_mutex_lock(mutex);
    }
  }
}

// The frame's name is for the process title alone; whose heart beats is said in the settings.
liveAsWorker<StandInSettings>("capture", async (memory, { name, failing, liveMs }) => {
  const heart = new Heart(memory, name);
  heart.alive(monotonicMs());
  const untilMs = monotonicMs() + liveMs;
  const web = memory.heartbeat("web").reader();
  while (monotonicMs() < untilMs || web.read().state !== "alive") {
    heart.beat(monotonicMs());
    await Bun.sleep(20);
  }
  // Outside of the promise that the frame watches, as a callback of a library would.
  setTimeout(() => fail(failing));
  // A worker with nothing left to wait for would close by itself.
  setInterval(() => undefined, 1000);
  await new Promise(() => undefined);
});
