import { describe, expect, test } from "bun:test";
import { measureEnvelope } from "../../src/arbitration/measure.ts";
import { RingBurst } from "../../src/hub/ring-burst.ts";
import { RingTails } from "../../src/hub/ring-tails.ts";
import { SharedMemory } from "../../src/memory/shared-memory.ts";
import { wordSound } from "../arbitration/sounds.ts";
import { noise } from "../support/clips.ts";

function stream() {
  const memory = SharedMemory.create({ streams: 2, relays: 1 });
  const writer = memory.audioWriter(1);
  const write = (pcm: Int16Array) => {
    for (let at = 0; at < pcm.length; at += 320) writer.write(pcm.slice(at, at + 320), Math.min(320, pcm.length - at));
  };
  return { memory, writer, write, reader: memory.audioReader(1, "newest") };
}

describe("the envelope of a word in a stream", () => {
  const { pcm, from, to } = wordSound({ leadMs: 4000, late: 0.5 });

  test("is measured when 400 ms behind the word are there, and is that of the same sound elsewhere", () => {
    const { write, reader } = stream();
    const tails = new RingTails();
    write(pcm.subarray(0, to + 3200));
    tails.await(7, from, to, 1000);
    expect([...tails.due(reader, 1100)]).toEqual([]);
    write(pcm.subarray(to + 3200));
    const [due, ...others] = [...tails.due(reader, 1300)];
    const { levelsDb, endsAt, floorDb } = measureEnvelope(pcm, { from, to });
    expect(due).toMatchObject({ claim: 7, envelope: { endsAt } });
    expect(due?.envelope.levelsDb).toHaveLength(levelsDb.length);
    // It looks back a little less far, and the last window reaches over the end of what was heard.
    expect(Math.abs((due?.envelope.floorDb ?? 0) - floorDb)).toBeLessThan(1);
    const apartDb = levelsDb.map((db, i) => Math.abs((due?.envelope.levelsDb[i] ?? 0) - db));
    expect(Math.max(...apartDb)).toBeLessThan(0.5);
    expect(others).toEqual([]);
    expect([...tails.due(reader, 1300)]).toEqual([]);
  });

  test("is given up where no sound follows, and where the ring has gone on", () => {
    const { write, reader } = stream();
    const tails = new RingTails();
    write(pcm.subarray(0, to));
    tails.await(1, from, to, 1000);
    expect([...tails.due(reader, 2501)]).toEqual([]);
    write(pcm.subarray(to));
    expect([...tails.due(reader, 2502)]).toEqual([]);
    tails.await(2, from, to, 3000);
    write(noise(9, 0.1, 1));
    expect([...tails.due(reader, 3001)]).toEqual([]);
  });
});

describe("a burst in a stream", () => {
  const beginning = noise(2, 0.001, 1);
  const burst = noise(0.5, 0.3, 2);
  const end = noise(2.9, 0.001, 3);

  test("is found among what was heard since then, and dated", () => {
    const { write, writer, reader } = stream();
    write(beginning);
    const listens = new RingBurst(reader, 2000);
    write(noise(0.5, 0.001, 4));
    write(burst);
    expect(listens.look({ written: writer.written, atMs: 10_000 }, 10_000)).toBeUndefined();
    write(end);
    const report = listens.look({ written: writer.written, atMs: 12_900 }, 12_900);
    if (report?.kind !== "heard") throw new Error(report?.kind);
    expect(report.atMs).toBeWithin(9500, 10_001);
    expect(report.evidence.durationMs).toBeWithin(480, 560);
  });

  test("is not heard where sound was lost, or none comes, or it is quiet", () => {
    const gap = stream();
    gap.write(beginning);
    const lossy = new RingBurst(gap.reader, 2000);
    gap.write(burst);
    gap.writer.startEpoch();
    gap.write(end);
    expect(lossy.look({ written: gap.writer.written, atMs: 0 }, 0)).toEqual({ kind: "unheard", why: "sound_lost" });

    const { reader, write, writer } = stream();
    write(beginning);
    const listens = new RingBurst(reader, 2000);
    const newest = { written: writer.written, atMs: 5000 };
    expect(listens.look(newest, 5900)).toBeUndefined();
    expect(listens.look(newest, 6001)).toEqual({ kind: "unheard", why: "sound_lost" });
    write(noise(4, 0.001, 5));
    expect(listens.look({ written: writer.written, atMs: 9000 }, 9000)).toEqual({ kind: "unheard", why: "too_quiet" });
  });
});
