import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  encodeWyoming,
  WYOMING_LIMITS,
  WyomingDecoder,
  WyomingError,
  type WyomingEvent,
  wyomingEvent,
} from "../../src/wyoming/codec.ts";
import { fuzzSeed } from "../memory/fuzz-seed.ts";

const SEED = fuzzSeed("the Wyoming codec");

const event = fc.record({
  type: fc.string({ minLength: 1 }),
  data: fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 5 }) as fc.Arbitrary<Record<string, unknown>>,
  payload: fc.option(fc.uint8Array({ minLength: 1, maxLength: 5000 }), { nil: undefined }),
});

/** In pieces of the given lengths, over and over. */
function fed(bytes: Uint8Array, lengths: readonly number[]): WyomingEvent[] {
  const decoder = new WyomingDecoder();
  const events: WyomingEvent[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const length = lengths[i % lengths.length] ?? 1;
    events.push(...decoder.push(bytes.subarray(at, at + length)));
    at += length;
  }
  return events;
}

/** What JSON makes of it: -0 is 0 there. */
function plain({ type, data, payload }: WyomingEvent) {
  return { type, data: JSON.parse(JSON.stringify(data)), payload: payload && [...payload] };
}

const encoded = (text: string) => new TextEncoder().encode(text);

test("events come out as they went in, in whatever pieces", () => {
  fc.assert(
    fc.property(
      fc.array(event, { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 5 }),
      (events, lengths) => {
        const bytes = Buffer.concat(events.map(encodeWyoming));
        expect(fed(bytes, lengths).map(plain)).toEqual(events.map(plain));
      },
    ),
    { seed: SEED, numRuns: 300 },
  );
});

test("whatever comes, the decoder gives events or a WyomingError, and keeps to that", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.uint8Array({ maxLength: 300 }), event.map(encodeWyoming), halfHeader()), { maxLength: 6 }),
      (pieces) => {
        const decoder = new WyomingDecoder();
        let broken: unknown;
        for (const piece of pieces) {
          try {
            decoder.push(piece);
            expect(broken).toBeUndefined();
          } catch (error) {
            expect(error).toBeInstanceOf(WyomingError);
            if (broken !== undefined) expect(error).toBe(broken);
            broken = error;
          }
        }
      },
    ),
    { seed: SEED, numRuns: 2000 },
  );
});

function halfHeader(): fc.Arbitrary<Uint8Array> {
  return fc
    .record({
      type: fc.oneof(fc.string(), fc.jsonValue()),
      data: fc.jsonValue(),
      data_length: fc.oneof(fc.integer(), fc.jsonValue()),
      payload_length: fc.oneof(fc.integer({ min: -2, max: 50 }), fc.double()),
    })
    .map((header) => encoded(`${JSON.stringify(header)}\n`));
}

describe("a decoder", () => {
  test("takes data in the line, in the block behind it, and both: the block wins", () => {
    const block = '{"b":2,"a":3}';
    const line = `{"type":"x","data":{"a":1,"c":4},"data_length":${block.length}}\n${block}`;
    expect(new WyomingDecoder().push(encoded(line))).toEqual([
      { type: "x", data: { a: 3, b: 2, c: 4 }, payload: undefined },
    ]);
  });

  test("gives payloads that nothing overwrites later", () => {
    const decoder = new WyomingDecoder();
    const [first] = decoder.push(encodeWyoming(wyomingEvent("audio-chunk", {}, new Uint8Array([1, 2, 3]))));
    decoder.push(encodeWyoming(wyomingEvent("audio-chunk", {}, new Uint8Array([7, 8, 9]))));
    expect([...(first?.payload ?? [])]).toEqual([1, 2, 3]);
  });

  test.each([
    ["a line without an end", " ".repeat(WYOMING_LIMITS.header + 1), "header of"],
    ["a line that is no JSON", "hello\n", "no JSON"],
    ["a line that is a list", "[]\n", "no object"],
    ["no type", "{}\n", "without a type"],
    ["data that is a list", '{"type":"x","data":[]}\n', "data that is no object"],
    ["a block that is no JSON", '{"type":"x","data_length":2}\n}{', "no JSON"],
    ["a negative length", '{"type":"x","payload_length":-1}\n', "no length"],
    ["half a byte", '{"type":"x","payload_length":0.5}\n', "no length"],
    ["a length in words", '{"type":"x","data_length":"2"}\n', "no length"],
    ["a huge block", `{"type":"x","data_length":${WYOMING_LIMITS.data + 1}}\n`, "at most"],
    ["a huge payload", `{"type":"x","payload_length":${WYOMING_LIMITS.payload + 1}}\n`, "at most"],
  ])("refuses %s", (_, text, words) => {
    expect(() => new WyomingDecoder().push(encoded(text))).toThrow(words);
  });

  test("takes a payload as large as the limit, byte by kilobyte", () => {
    const payload = new Uint8Array(WYOMING_LIMITS.payload).fill(5);
    const [event, ...more] = fed(encodeWyoming(wyomingEvent("audio-chunk", {}, payload)), [1000]);
    expect(more).toEqual([]);
    expect(event?.payload).toEqual(payload);
  });

  test("is not slow with a line that comes byte by byte", () => {
    const line = encodeWyoming(wyomingEvent("x", { text: "y".repeat(60_000) }));
    const beganMs = performance.now();
    expect(fed(line, [1])).toHaveLength(1);
    expect(performance.now() - beganMs).toBeLessThan(1000);
  });
});
