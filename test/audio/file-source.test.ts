import { expect, test } from "bun:test";
import { fileSource } from "../../src/audio/file-source.ts";

const ramp = Int16Array.from({ length: 1000 }, (_, i) => i);

function playing(samples: Int16Array, loop = false) {
  const clock = { ms: 5000 };
  const source = fileSource({ name: "ramp.wav", samples, loop, nowMs: () => clock.ms });
  const into = new Int16Array(400);
  const heard: number[] = [];
  function readAll(): number | "ended" {
    let total = 0;
    for (;;) {
      const count = source.read(into);
      if (count === "ended") return total === 0 ? "ended" : total;
      if (count === 0) return total;
      heard.push(...into.subarray(0, count));
      total += count;
    }
  }
  return { clock, source, heard, readAll };
}

test("a file begins with its first sample when it is first read, and is never ahead of the clock", () => {
  const { clock, readAll, heard } = playing(ramp);
  expect(readAll()).toBe(0);
  clock.ms += 0.99 / 16;
  expect(readAll()).toBe(0);
  clock.ms += 0.02 / 16;
  expect(readAll()).toBe(1);
  clock.ms += 10;
  expect(readAll()).toBe(160);
  expect(heard).toEqual([...ramp.subarray(0, 161)]);
});

test("a late poll catches up exactly, in as many reads as the buffer needs", () => {
  const { clock, readAll, heard } = playing(ramp);
  readAll();
  clock.ms += 60;
  expect(readAll()).toBe(960);
  expect(heard).toEqual([...ramp.subarray(0, 960)]);
});

test("a file ends after its last sample", () => {
  const { clock, readAll, heard } = playing(ramp);
  readAll();
  clock.ms += 10_000;
  expect(readAll()).toBe(1000);
  expect(readAll()).toBe("ended");
  expect(heard).toEqual([...ramp]);
});

test("a loop goes on over its seam without a gap", () => {
  const { clock, source, readAll, heard } = playing(ramp, true);
  readAll();
  for (let i = 0; i < 40; i++) {
    clock.ms += 7.3;
    readAll();
  }
  expect(heard.length).toBe(Math.floor(292 * 16));
  expect(heard.every((sample, i) => sample === i % 1000)).toBe(true);
  expect(source.description).toBe("ramp.wav (in a loop)");
});

test("a closed or empty file has ended, also in a loop", () => {
  const { source, readAll } = playing(ramp, true);
  source.close();
  expect(readAll()).toBe("ended");
  expect(playing(new Int16Array(), true).readAll()).toBe("ended");
});

test("a file is not live: it scores from its first frame", () => {
  expect(playing(ramp).source.live).toBe(false);
});
