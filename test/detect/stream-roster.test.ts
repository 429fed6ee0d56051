import { describe, expect, test } from "bun:test";
import type { StreamListener } from "../../src/detect/stream-listener.ts";
import { StreamRoster } from "../../src/detect/stream-roster.ts";
import { SharedMemory } from "../../src/memory/shared-memory.ts";

function rostered() {
  const memory = SharedMemory.create({ streams: 4, relays: 1 });
  const table = memory.streamTable.writer();
  const begun: string[] = [];
  const ended: string[] = [];
  /** Whose sound waits. */
  const unheard = new Set<string>();
  const roster = new StreamRoster({
    memory,
    local: { name: "local" } as unknown as StreamListener,
    listenTo: (stream, source) => {
      begun.push(`${stream} ${source}`);
      const listener = { name: source, isDone: !unheard.has(source), end: () => void ended.push(source) };
      return listener as unknown as StreamListener;
    },
  });
  let nowMs = 0;
  return {
    memory,
    begun,
    ended,
    unheard,
    roster,
    /** All that waited of this stream was heard. */
    heard: (name: string) => {
      for (const listener of roster.listeners as unknown as { name: string; isDone: boolean }[])
        if (listener.name === name) listener.isDone = true;
    },
    names: () => roster.listeners.map((listener) => (listener as unknown as { name: string }).name),
    set(stream: number, name: string, open: boolean) {
      const record = memory.stream(stream).writer();
      Object.assign(record.value, { name, open, sinceMs: open ? ++nowMs : record.value.sinceMs });
      record.publish();
      table.value.generation++;
      table.publish();
    },
  };
}

describe("the roster of streams", () => {
  test("has the local microphone alone while nobody else sends", () => {
    const { roster, names } = rostered();
    roster.refresh();
    expect(names()).toEqual(["local"]);
  });

  test("takes up who comes and lets go of who goes, and begins with nobody anew for that", () => {
    const { roster, names, begun, set } = rostered();
    set(1, "kitchen", true);
    set(3, "attic", true);
    roster.refresh();
    expect(names()).toEqual(["local", "kitchen", "attic"]);
    set(2, "hall", true);
    set(1, "kitchen", false);
    roster.refresh();
    expect(names()).toEqual(["local", "attic", "hall"]);
    roster.refresh();
    expect(begun).toEqual(["1 kitchen", "3 attic", "2 hall"]);
  });

  test("begins anew with a stream that another sender has now, though nobody saw it empty", () => {
    const { roster, begun, set } = rostered();
    set(1, "kitchen", true);
    roster.refresh();
    set(1, "kitchen", false);
    set(1, "garage", true);
    roster.refresh();
    expect(begun).toEqual(["1 kitchen", "1 garage"]);
  });

  test("hears a stream to its end before it lets go of it", () => {
    const { roster, names, unheard, ended, heard, set } = rostered();
    unheard.add("kitchen");
    set(1, "kitchen", true);
    roster.refresh();
    set(1, "kitchen", false);
    roster.refresh();
    roster.refresh();
    expect([names(), ended]).toEqual([["local", "kitchen"], []]);
    heard("kitchen");
    roster.refresh();
    expect([names(), ended]).toEqual([["local"], ["kitchen"]]);
  });

  test("hears a stream that came and went between two looks, once", () => {
    const { roster, names, begun, set } = rostered();
    set(1, "kitchen", true);
    set(1, "kitchen", false);
    roster.refresh();
    expect(names()).toEqual(["local", "kitchen"]);
    roster.refresh();
    roster.refresh();
    expect([names(), begun]).toEqual([["local"], ["1 kitchen"]]);
  });

  test("lets go of a stream whose ring another sender has, and lets it say what was not heard", () => {
    const { roster, names, unheard, ended, set } = rostered();
    unheard.add("kitchen");
    set(1, "kitchen", true);
    roster.refresh();
    set(1, "kitchen", false);
    set(1, "garage", true);
    roster.refresh();
    expect([names(), ended]).toEqual([["local", "garage"], ["kitchen"]]);
  });

  test("leaves nothing of a stream that went in its score", () => {
    const { memory, roster, set } = rostered();
    set(2, "hall", true);
    roster.refresh();
    const score = memory.score(2).writer();
    score.value.scores.fill(0.9);
    Object.assign(score.value, { frame: 7, lagMs: 900, lost: 5, armed: true, asleep: true });
    score.publish();
    set(2, "hall", false);
    roster.refresh();
    const left = memory.score(2).reader().read();
    expect(left).toMatchObject({ frame: 0, lagMs: 0, lost: 0, armed: false, asleep: false });
    expect(Math.max(...left.scores)).toBe(0);
  });

  test("finds those who send already when the inference worker is started again", () => {
    const { memory, set } = rostered();
    set(1, "kitchen", true);
    const begun: string[] = [];
    const again = new StreamRoster({
      memory,
      local: {} as StreamListener,
      listenTo: (_, source) => {
        begun.push(source);
        return {} as StreamListener;
      },
    });
    again.refresh();
    expect(begun).toEqual(["kitchen"]);
  });
});
