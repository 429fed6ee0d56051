import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { measureWord } from "../../src/arbitration/measure.ts";
import { type AudioFrame, HEADER_BYTES, readAudioFrame, writeAudioFrame } from "../../src/relay/audio-frame.ts";
import { FRAME_SAMPLES, MESSAGE_CHARACTERS } from "../../src/relay/limits.ts";
import { readFromHub, readFromRelay } from "../../src/relay/messages.ts";
import { TO_HUB } from "../../src/relay/messages-to-hub.ts";
import { TO_RELAY } from "../../src/relay/messages-to-relay.ts";
import { ProtocolError } from "../../src/relay/protocol-error.ts";

const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
console.log(`relay messages: FUZZ_SEED=${seed}`);

const CLAIM = {
  type: "claim",
  claim: 1,
  model: "alexa",
  confidence: 0.93,
  endedAtMs: 1000.5,
  sentAtMs: 1040,
  evidence: {
    rms: 0.1,
    bandDb: -31,
    floorDb: -58,
    snrDb: 22,
    envelopeVariance: 0.4,
    confidence: 0.93,
    durationMs: 640,
  },
} as const;

const FRAME: AudioFrame = {
  kind: "claim",
  connection: 7,
  number: 3,
  sequence: 12,
  fence: 2 ** 40 + 5,
  firstSample: 2 ** 35 + 1,
  atMs: 1234.5,
  pcm: Int16Array.of(0, 1, -1, 32_767, -32_768),
};

/** What it is refused with. */
function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof ProtocolError) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error("it was accepted");
}

describe("a message of a relay", () => {
  test("is read as it was written", () => {
    expect(readFromRelay(JSON.stringify(CLAIM))).toEqual(CLAIM);
  });

  test("keeps all that a relay measured", () => {
    const pcm = Int16Array.from({ length: 16_000 }, (_, i) => 8000 * Math.sin(i / 3) * Math.min(1, i / 16_000));
    const { evidence } = measureWord(pcm, pcm.length, 0.9);
    expect(readFromRelay(JSON.stringify({ ...CLAIM, evidence }))).toEqual({ ...CLAIM, evidence });
  });

  test("may have fields that nobody knows yet, which are passed over", () => {
    expect(readFromRelay('{"type":"pass","ask":4,"mood":"good"}')).toEqual({ type: "pass", ask: 4 });
  });

  test.each([
    ["hello", "not_json: a text message that is not JSON"],
    ["[1]", "no_type: a message without a type"],
    ["null", "no_type: a message without a type"],
    ['{"type":7}', "no_type: a message without a type"],
    ['{"type":"sing"}', 'unknown_message: no message is called "sing"'],
    ['{"type":"toString"}', 'unknown_message: no message is called "toString"'],
    ['{"type":"__proto__"}', 'unknown_message: no message is called "__proto__"'],
    ['{"type":"welcome"}', 'unknown_message: no message is called "welcome"'],
    ['{"type":"pass"}', "bad_message: pass.ask: a number is expected, and there is none"],
    ['{"type":"beat","hears":true,"atMs":1e999}', "bad_message: beat.atMs: a number is expected, not infinity"],
    ['{"type":"pass","ask":1.5}', "bad_message: pass.ask: a whole number is expected"],
    ['{"type":"pass","ask":-1}', "bad_message: pass.ask: at least 0"],
    [
      '{"type":"envelope","claim":1,"levelsDb":[-30],"endsAt":2,"floorDb":-60}',
      "bad_message: envelope: endsAt lies beyond the levels",
    ],
    [
      '{"type":"hello","versions":[1],"capabilities":{},"id":"../etc"}',
      "bad_message: hello.id: letters, digits, spaces",
    ],
    [
      JSON.stringify({ ...CLAIM, evidence: { ...CLAIM.evidence, rms: 2 } }),
      "bad_message: claim.evidence.rms: at most 1",
    ],
    [`"${"x".repeat(MESSAGE_CHARACTERS)}"`, "too_large: a message of 16386 characters: 16384 at most"],
    ["[".repeat(MESSAGE_CHARACTERS), "not_json: "],
    ['{"type":"hello","versions":[1]}', "bad_message: hello.capabilities: an object is expected, and there is none"],
    [
      '{"type":"hello","versions":{},"capabilities":{}}',
      "bad_message: hello.versions: an array is expected, not an object",
    ],
  ] as const)("that makes no sense is refused with what is wrong (%#)", (text, said) => {
    expect(refusal(() => readFromRelay(text))).toStartWith(said);
  });
});

describe("whatever comes", () => {
  const types = [...Object.keys(TO_HUB), ...Object.keys(TO_RELAY)];
  const keys = [
    "ask",
    "claim",
    "evidence",
    "atMs",
    "fence",
    "state",
    "relays",
    "rounds",
    "activation",
    "scores",
    "winner",
  ];
  const nearly = fc
    .record({
      type: fc.constantFrom(...types),
      fields: fc.dictionary(fc.oneof(fc.constantFrom(...keys), fc.string()), fc.jsonValue()),
    })
    .map(({ type, fields }) => JSON.stringify({ ...fields, type }));
  const mutated = fc.tuple(fc.nat(), fc.string({ minLength: 1, maxLength: 3 })).map(([at, text]) => {
    const whole = JSON.stringify(CLAIM);
    return whole.slice(0, at % whole.length) + text + whole.slice((at % whole.length) + text.length);
  });

  test("as text becomes a message or a protocol error, at both ends", () => {
    let accepted = 0;
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), nearly, mutated), (text) => {
        for (const read of [readFromRelay, readFromHub]) {
          try {
            read(text);
            accepted++;
          } catch (error) {
            expect(error).toBeInstanceOf(ProtocolError);
            expect((error as ProtocolError).message.length).toBeLessThan(600);
          }
        }
      }),
      { seed, numRuns: 3000 },
    );
    expect(accepted).toBeGreaterThan(0);
  }, 20_000);

  test("as bytes becomes a frame that is written as it came, or a protocol error", () => {
    const damaged = fc.array(fc.tuple(fc.nat(HEADER_BYTES + 9), fc.nat(255)), { maxLength: 3 }).map((damages) => {
      const bytes = writeAudioFrame(FRAME);
      for (const [at, value] of damages) bytes[at] = value;
      return bytes;
    });
    let accepted = 0;
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 100 }), damaged), (bytes) => {
        try {
          const again = writeAudioFrame(readAudioFrame(bytes));
          expect([...again]).toEqual([...bytes]);
          accepted++;
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
      { seed, numRuns: 5000 },
    );
    expect(accepted).toBeGreaterThan(0);
  }, 20_000);
});

describe("a frame of sound", () => {
  test("is read as it was written", () => {
    expect(readAudioFrame(writeAudioFrame(FRAME))).toEqual(FRAME);
  });

  test("has the header that docs/protocol.md shows", () => {
    const bytes = writeAudioFrame({ ...FRAME, fence: undefined, firstSample: 16_000, pcm: Int16Array.of(-2) });
    expect(Buffer.from(bytes).toString("hex")).toBe(
      `01010000${"07000000"}${"03000000"}${"0c000000"}${"0000000000000000"}${"803e000000000000"}${"00000000004a9340"}feff`,
    );
  });

  test("may lie at an odd address in what a socket hands out", () => {
    const whole = writeAudioFrame(FRAME);
    const shifted = new Uint8Array(whole.length + 1);
    shifted.set(whole, 1);
    expect(readAudioFrame(shifted.subarray(1))).toEqual(FRAME);
  });

  test("keeps its samples when the socket uses its buffer again", () => {
    const bytes = writeAudioFrame(FRAME);
    const { pcm } = readAudioFrame(bytes);
    bytes.fill(0);
    expect([...pcm]).toEqual([...FRAME.pcm]);
  });

  test("round-trips whatever its numbers", () => {
    fc.assert(
      fc.property(
        fc.record({
          kind: fc.constantFrom("claim" as const, "stream" as const, "reply" as const),
          connection: fc.nat(2 ** 31 - 1),
          number: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
          sequence: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
          fence: fc.option(
            fc.maxSafeInteger().map((n) => Math.abs(n) || 1),
            { nil: undefined },
          ),
          firstSample: fc.maxSafeInteger().map(Math.abs),
          atMs: fc.double({ min: -1e15, max: 1e15, noNaN: true }),
          pcm: fc.int16Array({ minLength: 1, maxLength: 40 }),
        }),
        (frame) => {
          expect(readAudioFrame(writeAudioFrame(frame))).toEqual(frame);
        },
      ),
      { seed, numRuns: 500 },
    );
  });

  const changed = (change: (view: DataView) => void): Uint8Array => {
    const bytes = writeAudioFrame(FRAME);
    change(new DataView(bytes.buffer));
    return bytes;
  };
  test.each<[string, Uint8Array]>([
    ["short_frame: a binary message of 39 bytes: its header alone has 40", writeAudioFrame(FRAME).subarray(0, 39)],
    ["odd_bytes: 9 bytes of sound: samples have 2 bytes each", writeAudioFrame(FRAME).subarray(0, HEADER_BYTES + 9)],
    ["no_samples: a frame without a sample", writeAudioFrame(FRAME).subarray(0, HEADER_BYTES)],
    ["frame_version: sound of version 2: 1 is spoken", changed((view) => view.setUint8(0, 2))],
    ["frame_kind: sound of kind 9: 1 is a claim's, 2 a stream's, 3 a reply's", changed((view) => view.setUint8(1, 9))],
    ["frame_reserved: bytes 2 and 3 of the header must be 0", changed((view) => view.setUint8(3, 1))],
    ["frame_number: the fence is above 2^53 - 1", changed((view) => view.setUint32(20, 2 ** 31, true))],
    ["frame_time: ", changed((view) => view.setFloat64(32, Number.NaN, true))],
    [
      `frame_too_long: ${FRAME_SAMPLES + 1} samples in one frame: ${FRAME_SAMPLES} at most`,
      writeAudioFrame({ ...FRAME, pcm: new Int16Array(FRAME_SAMPLES + 1) }),
    ],
  ])("is refused: %s", (said, bytes) => {
    expect(refusal(() => readAudioFrame(bytes))).toStartWith(said);
  });
});
