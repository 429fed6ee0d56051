import { expect, test } from "bun:test";
import { SpokenTape } from "../../src/command/spoken-tape.ts";
import { sound } from "./around.ts";

const forever = new AbortController().signal;

async function all(tape: SpokenTape, atLeast: number, signal = forever): Promise<Int16Array[]> {
  const pieces: Int16Array[] = [];
  for await (const piece of tape.pieces(atLeast, signal)) pieces.push(piece.slice());
  return pieces;
}

test("two readers, one from the start and one that came late, get the same samples in their own pieces", async () => {
  const tape = new SpokenTape(1_000_000);
  const pcm = sound(200_000);
  const early = all(tape, 1280);
  let late: Promise<Int16Array[]> | undefined;
  for (let at = 0; at < pcm.length; at += 777) {
    tape.push(pcm.subarray(at, at + 777));
    if (at % 7 === 0) await Bun.sleep(0);
    if (at > 100_000) late ??= all(tape, 333);
  }
  tape.end(1);
  for (const [pieces, atLeast] of [
    [await early, 1280],
    [(await late) ?? [], 333],
  ] as const) {
    expect(pieces.slice(0, -1).every(({ length }) => length === atLeast)).toBe(true);
    expect(Int16Array.from(pieces.flatMap((piece) => [...piece]))).toEqual(pcm);
  }
  expect(tape.samples).toEqual(pcm);
});

test("keeps what was pushed, not what the caller does with it later", () => {
  const tape = new SpokenTape(1000);
  const pcm = sound(10);
  tape.push(pcm);
  pcm.fill(0);
  expect(tape.samples).toEqual(sound(10));
});

test("what comes beyond the limit, or after the end, is left out", () => {
  const tape = new SpokenTape(100);
  tape.push(sound(80));
  tape.push(sound(80));
  expect(tape.length).toBe(100);
  const ended = new SpokenTape(100);
  ended.end(5);
  ended.end(6);
  ended.push(sound(10));
  expect([ended.length, ended.endedAtUnixMs]).toEqual([0, 5]);
});

test("a wiped tape is zeros wherever it was kept, also in what it has outgrown", async () => {
  const tape = new SpokenTape(1_000_000);
  tape.push(sound(64_000));
  const views = [tape.samples];
  tape.push(sound(100_000));
  views.push(tape.samples);
  tape.wipe();
  for (const view of views) expect(view.every((sample) => sample === 0)).toBe(true);
  tape.push(sound(10));
  expect(tape.length).toBe(164_000);
});

test("who waits for more is told when nobody wants it", async () => {
  const abort = new AbortController();
  const tape = new SpokenTape(1000);
  const waiting = Promise.allSettled([all(tape, 10, abort.signal), tape.ended(abort.signal)]);
  const reason = new Error("given up");
  abort.abort(reason);
  expect(await waiting).toEqual([
    { status: "rejected", reason },
    { status: "rejected", reason },
  ]);
});
