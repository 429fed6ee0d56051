import { expect, test } from "bun:test";
import { monotonicMs } from "../../ffi/clock.ts";

const clock = new URL("../../ffi/clock.ts", import.meta.url).href;

test("the clock never goes back and has a resolution far below a millisecond", () => {
  const readings = Array.from({ length: 10_000 }, monotonicMs);
  expect(readings.every((reading, i) => reading >= (readings[i - 1] ?? 0))).toBe(true);
  expect(new Set(readings).size).toBeGreaterThan(1000);
});

test("the clock runs as fast as Bun's own", () => {
  const [ours, buns] = [monotonicMs(), performance.now()];
  while (performance.now() - buns < 50);
  expect(monotonicMs() - ours).toBeCloseTo(performance.now() - buns, -1);
});

test("a worker reads the same clock", async () => {
  const code = `import { monotonicMs } from ${JSON.stringify(clock)}; postMessage(monotonicMs());`;
  const before = monotonicMs();
  const worker = new Worker(URL.createObjectURL(new Blob([code], { type: "application/typescript" })));
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  worker.onmessage = ({ data }: MessageEvent<number>) => resolve(data);
  worker.onerror = ({ message }) => reject(new Error(message));
  const reading = await promise;
  worker.terminate();
  expect(reading).toBeGreaterThan(before);
  expect(reading).toBeLessThan(monotonicMs());
});
