import { expect } from "bun:test";
import { startEarshot } from "../../support/running-earshot.ts";
import { until } from "../thread-rig.ts";
import { turningOf } from "./turning.ts";

const turning = turningOf("streams");

turning("streams.max", async () => {
  await using earshot = await startEarshot({ args: ["--source", "file:none.wav"], config: "streams: {max: 1}\n" });
  await earshot.until("it answers", () => true);
  const end = Promise.withResolvers<void>();
  const endless = new ReadableStream<Uint8Array>({
    start: (controller) => {
      controller.enqueue(new Uint8Array(640));
      void end.promise.then(() => controller.close());
    },
  });
  const send = (name: string, body: BodyInit) =>
    fetch(`${earshot.url}/api/streams/${name}`, { method: "PUT", body }).then(({ status }) => status);
  const first = send("kitchen", endless);
  await earshot.until("it is listened to", ({ streams }) => streams.some(({ name }) => name === "kitchen"));
  expect(await send("attic", new Uint8Array(640))).toBe(503);
  end.resolve();
  expect(await first).toBe(200);
  await until("there is room again", async () => (await send("attic", new Uint8Array(640))) === 200);
});
