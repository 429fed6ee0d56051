import { expect, test } from "bun:test";
import type { Stdin } from "../../ffi/stdin.ts";
import { SourceError } from "../../src/audio/source.ts";
import { stdinSource } from "../../src/audio/stdin-source.ts";

/** A standard input that gives one piece a call; "nothing" is a moment without data. */
function pieces(...list: readonly (readonly number[] | "nothing")[]): Stdin {
  let next = 0;
  return {
    readAvailable(into) {
      const piece = list[next++];
      if (piece === undefined) return -1;
      if (piece === "nothing") return 0;
      into.set(piece);
      return piece.length;
    },
  };
}

function read(stdin: Stdin, reads: number): (number[] | "ended")[] {
  const source = stdinSource(stdin, () => 0);
  const into = new Int16Array(100);
  return Array.from({ length: reads }, () => {
    const count = source.read(into);
    return count === "ended" ? count : [...into.subarray(0, count)];
  });
}

test("samples are little-endian and signed", () => {
  expect(read(pieces([0x34, 0x12, 0xff, 0xff], "nothing"), 1)).toEqual([[0x1234, -1]]);
});

test("half a sample at the end of a read is completed by the next", () => {
  const stdin = pieces([1, 0, 2], "nothing", [0, 3], "nothing", [0], "nothing");
  expect(read(stdin, 3)).toEqual([[1], [2], [3]]);
});

test("a single byte is no sample yet, and dropped when nothing follows", () => {
  expect(read(pieces([7], "nothing"), 3)).toEqual([[], [], "ended"]);
});

test("the stream ends when everything that came was delivered", () => {
  expect(read(pieces([1, 0, 2, 0]), 3)).toEqual([[1, 2], "ended", "ended"]);
});

test("what does not fit into the reader's buffer waits for the next read", () => {
  const source = stdinSource(pieces([1, 0, 2, 0, 3, 0]), () => 0);
  const into = new Int16Array(2);
  expect(source.read(into)).toBe(2);
  expect([...into]).toEqual([1, 2]);
  expect(source.read(into)).toBe(1);
  expect(into[0]).toBe(3);
  expect(source.read(into)).toBe("ended");
});

test("a file that is piped in comes at 1.1 times real time after the first second", () => {
  const clock = { ms: 0 };
  const source = stdinSource({ readAvailable: (into) => into.length }, () => clock.ms);
  const into = new Int16Array(50_000);
  expect(source.read(into)).toBe(16_000);
  expect(source.read(into)).toBe(0);
  clock.ms += 100;
  expect(source.read(into)).toBe(1760);
  clock.ms += 60_000;
  expect(source.read(into)).toBe(16_000);
});

test("a read that the kernel refuses is a broken source", () => {
  const broken: Stdin = {
    readAvailable() {
      throw new Error("standard input cannot be read: errno 5");
    },
  };
  expect(() => read(broken, 1)).toThrow(SourceError);
});
