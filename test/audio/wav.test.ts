import { expect, test } from "bun:test";
import { parseWav, WavError } from "../../src/audio/wav.ts";

const ramp = Int16Array.from({ length: 100 }, (_, i) => i * 655 - 32_768);

interface Parts {
  readonly codec?: number;
  readonly channels?: number;
  readonly rateHz?: number;
  readonly bits?: number;
  readonly data?: Uint8Array;
  readonly dataLength?: number;
  readonly riffLength?: number;
  /** What stands between the fmt and the data chunk. */
  readonly between?: readonly number[];
  readonly extension?: readonly number[];
}

function wav(parts: Parts): Uint8Array {
  const { codec = 1, channels = 1, rateHz = 16_000, bits = 16, between = [], extension = [] } = parts;
  const data = parts.data ?? new Uint8Array(ramp.buffer);
  const header = new DataView(new ArrayBuffer(36));
  for (const [at, text] of [
    [0, "RIFF"],
    [8, "WAVE"],
    [12, "fmt "],
  ] as const) {
    for (let i = 0; i < 4; i++) header.setUint8(at + i, text.charCodeAt(i));
  }
  header.setUint32(4, parts.riffLength ?? 36 + extension.length + between.length + data.length, true);
  header.setUint32(16, 16 + extension.length, true);
  header.setUint16(20, codec, true);
  header.setUint16(22, channels, true);
  header.setUint32(24, rateHz, true);
  header.setUint32(28, (rateHz * channels * bits) / 8, true);
  header.setUint16(32, (channels * bits) / 8, true);
  header.setUint16(34, bits, true);
  const length = new Uint8Array(Uint32Array.of(parts.dataLength ?? data.length).buffer);
  const tag = new TextEncoder().encode("data");
  return Uint8Array.from([...new Uint8Array(header.buffer), ...extension, ...between, ...tag, ...length, ...data]);
}

function samplesOf(parts: Parts): number[] {
  return [...parseWav(wav(parts)).samples];
}

const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer);

test("16-bit mono comes out bit for bit, and an empty recording is empty", () => {
  expect(parseWav(wav({}))).toEqual({ sampleRateHz: 16_000, channels: 1, samples: ramp });
  expect(samplesOf({ data: new Uint8Array() })).toEqual([]);
});

test("every depth of integers is brought to 16 bits", () => {
  expect(samplesOf({ bits: 8, data: Uint8Array.of(0, 128, 255) })).toEqual([-32_768, 0, 32_512]);
  expect(samplesOf({ bits: 24, data: Uint8Array.of(0, 0, 0x80, 0, 1, 0, 0xff, 0xff, 0x7f) })).toEqual([
    -32_768, 1, 32_767,
  ]);
  expect(samplesOf({ bits: 32, data: bytesOf(Int32Array.of(-(2 ** 31), 65_536 * 7, 2 ** 31 - 1)) })).toEqual([
    -32_768, 7, 32_767,
  ]);
});

test("floats of both sizes are scaled and clipped, and what is no number is silence", () => {
  const values = [-1, 0.5, 1, 7, -7, Number.NaN, Number.POSITIVE_INFINITY];
  const expected = [-32_768, 16_384, 32_767, 32_767, -32_768, 0, 32_767];
  expect(samplesOf({ codec: 3, bits: 32, data: bytesOf(Float32Array.from(values)) })).toEqual(expected);
  expect(samplesOf({ codec: 3, bits: 64, data: bytesOf(Float64Array.from(values)) })).toEqual(expected);
});

test("channels are averaged and the rate is reported", () => {
  const stereo = parseWav(
    wav({ channels: 2, rateHz: 48_000, data: bytesOf(Int16Array.of(100, 300, -32_768, -32_768, 1, -1)) }),
  );
  expect(stereo).toEqual({ sampleRateHz: 48_000, channels: 2, samples: Int16Array.of(200, -32_768, 0) });
});

test("an extensible header is read by its sub-format", () => {
  const tail = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];
  const extension = (codec: number, rest = tail) => [22, 0, 16, 0, 4, 0, 0, 0, codec, 0, ...rest];
  expect(samplesOf({ codec: 0xfffe, extension: extension(1) })).toEqual([...ramp]);
  expect(() => samplesOf({ codec: 0xfffe, extension: extension(1, tail.toReversed()) })).toThrow("unknown sub-format");
  expect(() => samplesOf({ codec: 0xfffe })).toThrow("truncated in its extensible fmt chunk");
  expect(() => samplesOf({ codec: 0xfffe, extension: extension(2) })).toThrow(
    "WAV codec 2 with 16 bits is not supported",
  );
});

test("other chunks are passed over, also of odd length", () => {
  const list = [0x4c, 0x49, 0x53, 0x54, 3, 0, 0, 0, 1, 2, 3, 0];
  expect(samplesOf({ between: list })).toEqual([...ramp]);
});

test.each([0, 0x7fff_f000, 0x8000_0000, 0xffff_ffff])(
  "a data length of %d, as streams have it, means up to the end",
  (dataLength) => {
    expect(samplesOf({ dataLength, riffLength: 0xffff_ffff })).toEqual([...ramp]);
    expect(samplesOf({ dataLength, riffLength: 36 })).toEqual([...ramp]);
  },
);

test("an empty data chunk of a finished file is empty, whatever follows it", () => {
  expect(samplesOf({ dataLength: 0 })).toEqual([]);
});

test.each([
  [new Uint8Array(), "no WAV file: it has only 0 bytes"],
  [new TextEncoder().encode("fLaC and more than that"), "it does not begin with RIFF and WAVE"],
  [new TextEncoder().encode("RF64----WAVEds64"), "RF64 is not supported"],
  [wav({}).subarray(0, 30), "truncated in its fmt chunk"],
  [wav({}).subarray(0, 12), "it ends without a fmt chunk"],
  [wav({}).subarray(0, 36), "it ends without a data chunk"],
  [wav({}).subarray(0, 100), "it says 200 bytes of audio and has 56"],
  [wav({ codec: 85 }), "WAV codec 85 with 16 bits is not supported"],
  [wav({ bits: 12 }), "WAV codec 1 with 12 bits is not supported"],
  [wav({ channels: 0 }), "no channels"],
  [wav({ rateHz: 0 }), "a sample rate of 0 Hz"],
])("a bad file is refused with its reason (%#)", (bytes, message) => {
  expect(() => parseWav(bytes)).toThrow(WavError);
  expect(() => parseWav(bytes)).toThrow(message);
});

test("garbage and damaged files are read or refused with a WavError, never anything else", () => {
  const seed = Date.now() >>> 0;
  console.log(`damaged WAV files: seed ${seed}`);
  let state = seed;
  const below = (limit: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const originals = [
    wav({}),
    wav({ codec: 3, bits: 32, channels: 2 }),
    wav({ bits: 24, between: [1, 2, 3, 4, 0, 0, 0, 0] }),
  ];
  for (let round = 0; round < 20_000; round++) {
    const original = originals[below(originals.length)] ?? new Uint8Array();
    const bytes =
      below(4) === 0 ? new Uint8Array(below(80)).map(() => below(256)) : original.slice(0, 1 + below(original.length));
    for (let changes = below(8); changes > 0; changes--) bytes[below(Math.min(bytes.length, 60))] = below(256);
    try {
      expect(parseWav(bytes).samples).toBeInstanceOf(Int16Array);
    } catch (error) {
      if (!(error instanceof WavError)) throw error;
    }
  }
});
