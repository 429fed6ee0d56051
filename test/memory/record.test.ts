import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { bool, choice, type Field, f64, f64s, i32, text, type ValueOf } from "../../src/memory/field.ts";
import * as layout from "../../src/memory/layout.ts";
import { RecordReader, type RecordShape, RecordWriter, record } from "../../src/memory/record.ts";
import { fuzzSeed } from "./fuzz-seed.ts";
import { recordPlace } from "./places.ts";

const KINDS = record("kinds", "the test", {
  double: f64(""),
  integer: i32(""),
  flag: bool(""),
  pick: choice(["a", "b", "c"], ""),
  word: text(16, ""),
  series: f64s(3, ""),
  note: text(10, "a size that is no multiple of a word"),
});

const SHAPES: readonly RecordShape<Record<string, Field<unknown>>>[] = [
  KINDS,
  ...Object.values(layout).filter((value) => typeof value === "object" && "fields" in value),
];

/** Any character, also those beyond the first plane and those of no width; no half surrogate pairs, which UTF-8 lacks. */
const anyText = fc.string({ unit: "binary", maxLength: 40 });

function bytesOf(field: Field<unknown>): number {
  return 4 * (field.words - 1);
}

function byteLength(value: string): number {
  return new TextEncoder().encode(value).length;
}

/** Values that the field can hold without loss. */
function anyValue(field: Field<unknown>): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case "f64":
      return fc.double();
    case "i32":
      return fc.integer();
    case "bool":
      return fc.boolean();
    case "choice":
      return fc.constantFrom(...(field.names ?? []));
    case "text":
      return anyText.filter((value) => byteLength(value) <= bytesOf(field));
    case "f64s":
      return fc
        .array(fc.double(), { minLength: field.words / 2, maxLength: field.words / 2 })
        .map((doubles) => Float64Array.from(doubles));
  }
}

function anyRecord(shape: (typeof SHAPES)[number]): fc.Arbitrary<Record<string, unknown>> {
  return fc.record(Object.fromEntries(Object.entries(shape.fields).map(([key, field]) => [key, anyValue(field)])));
}

/** With lists for arrays: two Float64Arrays that hold NaN are not equal to `expect`. */
function listed(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [key, field instanceof Float64Array ? [...field] : field]),
  );
}

function openKinds() {
  const place = recordPlace(KINDS);
  const writer = new RecordWriter(KINDS, place);
  const reader = new RecordReader(KINDS, place);
  const write = (value: Partial<ValueOf<typeof KINDS.fields>>) => {
    Object.assign(writer.value, value);
    writer.publish();
  };
  return { place, writer, reader, write };
}

describe("a record", () => {
  const seed = fuzzSeed("values of records");

  test.each(SHAPES.map((shape) => [shape.name, shape] as const))(
    "%s gives back every value of every field",
    (_, shape) => {
      fc.assert(
        fc.property(fc.array(anyRecord(shape), { minLength: 1, maxLength: 3 }), (values) => {
          const place = recordPlace(shape);
          const writer = new RecordWriter(shape, place);
          const reader = new RecordReader(shape, place);
          for (const value of values) {
            Object.assign(writer.value, value);
            writer.publish();
            expect(reader.refresh()).toBe("fresh");
            expect(listed(reader.value)).toEqual(listed(value));
          }
          const newest = listed(values.at(-1) ?? {});
          expect(listed(new RecordReader(shape, place).read())).toEqual(newest);
          expect(listed(new RecordWriter(shape, place).value)).toEqual(newest);
        }),
        { seed, numRuns: 100 },
      );
    },
  );

  test("holds initial values before anybody wrote, and says that nothing is new", () => {
    const { reader } = openKinds();
    expect(reader.refresh()).toBe("unchanged");
    expect(reader.value).toEqual({
      double: 0,
      integer: 0,
      flag: false,
      pick: "a",
      word: "",
      series: new Float64Array(3),
      note: "",
    });
  });

  test("is fresh once after each publish, then unchanged", () => {
    const { reader, write } = openKinds();
    for (const integer of [1, 2]) {
      write({ integer });
      expect(reader.refresh()).toBe("fresh");
      expect(reader.refresh()).toBe("unchanged");
      expect(reader.value.integer).toBe(integer);
    }
  });

  test("is taken over by a new owner as it stands", () => {
    const { place, reader, write } = openKinds();
    write({ integer: 7, word: "kept" });
    const successor = new RecordWriter(KINDS, place);
    expect(reader.refresh()).toBe("fresh");
    expect(successor.value).toMatchObject({ integer: 7, word: "kept" });
    successor.value.integer++;
    successor.publish();
    expect(reader.read()).toMatchObject({ integer: 8, word: "kept" });
  });

  test("leaves the copy that a reader took alone during the next refresh", () => {
    const { reader, write } = openKinds();
    write({ integer: 1, series: Float64Array.of(1, 1, 1) });
    const first = reader.read();
    write({ integer: 2, series: Float64Array.of(2, 2, 2) });
    const second = reader.read();
    expect([first.integer, ...first.series]).toEqual([1, 1, 1, 1]);
    expect([second.integer, ...second.series]).toEqual([2, 2, 2, 2]);
  });

  test.each([
    ["as an i32 wraps from positive to negative", 0x7fff_fffa],
    ["through zero, which means that nobody wrote", -6],
  ])("goes on when its sequence number runs over %s", (_, sequence) => {
    const { place, reader, writer } = openKinds();
    Atomics.store(place.words, place.offset, sequence);
    for (let integer = 1; integer <= 8; integer++) {
      writer.value.integer = integer;
      writer.publish();
      expect(reader.refresh()).toBe("fresh");
      expect(reader.refresh()).toBe("unchanged");
      expect(reader.value.integer).toBe(integer);
      expect(new RecordReader(KINDS, place).read().integer).toBe(integer);
      expect(new RecordWriter(KINDS, place).value.integer).toBe(integer);
    }
  });

  test("is read as its first choice when the stored number names none", () => {
    const { place, reader, write } = openKinds();
    write({ pick: "c" });
    const pick = 1 + 2 + 1 + 1;
    expect(Atomics.load(place.words, place.offset + pick)).toBe(2);
    Atomics.store(place.words, place.offset + pick, 99);
    expect(reader.read().pick).toBe("a");
  });
});

describe("a text", () => {
  test("that is too long is cut on a character's border, as late as that is possible", () => {
    const seed = fuzzSeed("texts that are cut");
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 60 }), (word) => {
        const { reader, write } = openKinds();
        write({ word });
        const kept = reader.read().word;
        expect(word.startsWith(kept)).toBe(true);
        expect(byteLength(kept)).toBeLessThanOrEqual(16);
        const [next] = word.slice(kept.length);
        if (next !== undefined) expect(byteLength(kept + next)).toBeGreaterThan(16);
      }),
      {
        seed,
        numRuns: 1000,
        examples: [["aaaaaaaaaaaaaaa\u00e9"], ["aaaaaaaaaaaaa\u{1f600}"], ["\u{1f600}".repeat(5)]],
      },
    );
  });

  test("keeps a byte order mark that it begins with", () => {
    const { reader, write } = openKinds();
    write({ word: "\ufeffword" });
    expect(reader.read().word).toBe("\ufeffword");
  });

  test("that is shorter than the one before leaves nothing of it behind", () => {
    const { reader, write } = openKinds();
    write({ word: "long enough" });
    write({ word: "no" });
    expect(reader.read().word).toBe("no");
    write({ word: "" });
    expect(reader.read().word).toBe("");
  });

  test.each([-1, 17, 2 ** 31 - 1])("whose length is damaged to %d is read within its field", (length) => {
    const { place, reader, write } = openKinds();
    write({ word: "0123456789abcdef", note: "next field" });
    const word = 1 + 2 + 1 + 1 + 1;
    expect(Atomics.load(place.words, place.offset + word)).toBe(16);
    Atomics.store(place.words, place.offset + word, length);
    expect("0123456789abcdef").toContain(reader.read().word);
  });
});

describe("waitForChange()", () => {
  test("returns at once when something was published that was not seen yet", () => {
    const { reader, write } = openKinds();
    write({ integer: 1 });
    // Without a limit: if it slept, nobody would wake it.
    reader.waitForChange(Number.POSITIVE_INFINITY);
    expect(reader.refresh()).toBe("fresh");
  });

  test("comes back after its time when nothing was published, also while a dead writer's record is odd", () => {
    const { place, reader, write } = openKinds();
    write({ integer: 1 });
    reader.refresh();
    reader.waitForChange(1);
    expect(reader.refresh()).toBe("unchanged");
    Atomics.add(place.words, place.offset, 1);
    reader.waitForChange(1);
    expect(reader.refresh()).toBe("torn");
    expect(reader.value.integer).toBe(1);
  });
});
