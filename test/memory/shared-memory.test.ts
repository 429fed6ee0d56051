import { describe, expect, test } from "bun:test";
import { type AudioRingWriter, MAX_BLOCK_SAMPLES } from "../../src/memory/audio-ring.ts";
import type { Fields } from "../../src/memory/field.ts";
import {
  AUDIO_RING_SAMPLES,
  COMMAND_LANES,
  DETECTION_SLOTS,
  LANE_RING_SAMPLES,
  LAYOUT_VERSION,
  MAGIC,
  MAX_MODELS,
  WORKERS,
} from "../../src/memory/layout.ts";
import { type MemorySize, SharedMemory, type SharedRecord } from "../../src/memory/shared-memory.ts";

const SIZE: MemorySize = { streams: 2, relays: 3 };
/** A cache line of the Raspberry Pi's processors and of this one. */
const LINE_BYTES = 64;

function numbers(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}

/** Values that leave no word of their fields at 0. */
function fillUp(value: Record<string, unknown>): void {
  for (const [key, held] of Object.entries(value)) {
    if (typeof held === "number") value[key] = -1 / 3 - 1e9;
    else if (typeof held === "boolean") value[key] = true;
    else if (typeof held === "string") value[key] = "x".repeat(70_000);
    else if (held instanceof Float64Array) held.fill(-1 / 3);
  }
}

function publish<F extends Fields>(record: SharedRecord<F>): void {
  const writer = record.writer();
  fillUp(writer.value as Record<string, unknown>);
  writer.publish();
}

/** Everything that can be written, by name. */
function everything(memory: SharedMemory): ReadonlyMap<string, () => void> {
  const { streams, relays } = memory.size;
  return new Map<string, () => void>([
    ["control", () => publish(memory.control)],
    ["requests", () => publish(memory.requests)],
    ["configuration", () => publish(memory.configuration)],
    ["capture", () => publish(memory.capture)],
    ["model table", () => publish(memory.modelTable)],
    ["stream table", () => publish(memory.streamTable)],
    ["arbitration", () => publish(memory.arbitration)],
    ["web bell", () => memory.webBell.ring()],
    ["inference bell", () => memory.inferenceBell.ring()],
    ...WORKERS.flatMap((worker): [string, () => void][] => [
      [`heartbeat of ${worker}`, () => publish(memory.heartbeat(worker))],
      [`supervision of ${worker}`, () => publish(memory.supervision(worker))],
    ]),
    ...numbers(MAX_MODELS).map((index): [string, () => void] => [`model ${index}`, () => publish(memory.model(index))]),
    ...numbers(relays).map((relay): [string, () => void] => [
      `activation ${relay}`,
      () => publish(memory.activation(relay)),
    ]),
    ...numbers(streams).flatMap((stream): [string, () => void][] => [
      [`stream ${stream}`, () => publish(memory.stream(stream))],
      [`level ${stream}`, () => publish(memory.level(stream))],
      [`score ${stream}`, () => publish(memory.score(stream))],
      [`audio ${stream}`, () => fillRing(memory.audioWriter(stream), AUDIO_RING_SAMPLES)],
    ]),
    ...numbers(COMMAND_LANES).flatMap((lane): [string, () => void][] => [
      [`command lane ${lane}`, () => publish(memory.lane(lane))],
      [`speech end ${lane}`, () => publish(memory.speechEnd(lane))],
      [`sound of lane ${lane}`, () => fillRing(memory.laneWriter(lane), LANE_RING_SAMPLES)],
    ]),
    ["detections", () => fillDetections(memory)],
  ]);
}

function fillRing(writer: AudioRingWriter, samples: number): void {
  const block = new Int16Array(MAX_BLOCK_SAMPLES).fill(-1);
  writer.startEpoch();
  for (let written = 0; written < samples; written += block.length) writer.write(block, block.length);
}

function fillDetections(memory: SharedMemory): void {
  const writer = memory.detectionWriter();
  for (let id = 0; id < DETECTION_SLOTS; id++) writer.append((event) => fillUp(event));
}

/** The first and the last byte, exclusive, that `write` changes in a memory of its own. */
function reachOf(name: string, size: MemorySize): { readonly from: number; readonly to: number } {
  const memory = SharedMemory.create(size);
  const words = new Int32Array(memory.buffer);
  const before = words.slice();
  const write = everything(memory).get(name);
  if (write === undefined) throw new Error(`no record "${name}"`);
  write();
  const from = words.findIndex((word, at) => word !== before[at]);
  const to = words.findLastIndex((word, at) => word !== before[at]) + 1;
  return { from: 4 * from, to: 4 * to };
}

describe("the shared memory", () => {
  test("gives every record, ring and bell cache lines of its own", () => {
    const names = [...everything(SharedMemory.create(SIZE)).keys()];
    const places = names.map((name) => ({ name, ...reachOf(name, SIZE) })).sort((a, b) => a.from - b.from);
    let free = LINE_BYTES;
    for (const { name, from, to } of places) {
      expect({ name, offset: from % LINE_BYTES }).toEqual({ name, offset: 0 });
      expect({ name, overlaps: from < free }).toEqual({ name, overlaps: false });
      expect(to).toBeGreaterThan(from);
      free = Math.ceil(to / LINE_BYTES) * LINE_BYTES;
    }
    // The last one ends where the memory ends: nothing is paid for that nobody can reach.
    expect(free).toBe(SharedMemory.create(SIZE).buffer.byteLength);
  });

  test("keeps all of it apart when all of it is written", () => {
    const memory = SharedMemory.create(SIZE);
    for (const write of everything(memory).values()) write();
    const other = SharedMemory.attach(memory.buffer);
    expect(other.level(1).reader().read().rms).toBe(-1 / 3 - 1e9);
    expect(other.configuration.reader().read().json).toBe("x".repeat(60_000));
    expect(
      other
        .model(MAX_MODELS - 1)
        .reader()
        .read().name,
    ).toBe("x".repeat(64));
    expect(other.audioReader(1, "newest").written).toBe(AUDIO_RING_SAMPLES);
    expect(other.detectionReader("oldest").next()?.id).toBe(0);
    expect(other.webBell.rings).toBe(1);
  });

  test("shows each thread that attaches what the others write", () => {
    const memory = SharedMemory.create(SIZE);
    const other = SharedMemory.attach(memory.buffer);
    expect(other.size).toEqual(SIZE);
    const writer = other.activation(2).writer();
    writer.value.state = "armed";
    writer.publish();
    expect(memory.activation(2).reader().read().state).toBe("armed");
    expect(memory.activation(1).reader().read().state).toBe("off");
  });

  test("grows by the same amount for each stream and each relay, and keeps what a smaller one has", () => {
    const bytes = (streams: number, relays: number) => SharedMemory.create({ streams, relays }).buffer.byteLength;
    const stream = bytes(2, 1) - bytes(1, 1);
    const relay = bytes(1, 2) - bytes(1, 1);
    expect(stream).toBeGreaterThan(2 * AUDIO_RING_SAMPLES);
    expect(relay).toBeGreaterThan(0);
    expect(bytes(9, 12)).toBe(bytes(1, 1) + 8 * stream + 11 * relay);

    const small = [...everything(SharedMemory.create({ streams: 1, relays: 1 })).keys()];
    const large = everything(SharedMemory.create(SIZE));
    expect(small.filter((name) => !large.has(name))).toEqual([]);
    const extent = (size: MemorySize) => (name: string) => {
      const { from, to } = reachOf(name, size);
      return to - from;
    };
    expect(small.map(extent(SIZE))).toEqual(small.map(extent({ streams: 1, relays: 1 })));
  });

  test("names a record that it does not have", () => {
    const memory = SharedMemory.create(SIZE);
    expect(() => memory.level(2)).toThrow("no stream 2: there are 2");
    expect(() => memory.audioReader(-1, "newest")).toThrow("no stream -1: there are 2");
    expect(() => memory.activation(3)).toThrow("no relay 3: there are 3");
    expect(() => memory.model(MAX_MODELS)).toThrow(`no model ${MAX_MODELS}: there are ${MAX_MODELS}`);
  });
});

describe("attaching to a SharedArrayBuffer", () => {
  /** A memory with one word of its header changed. */
  function damaged(word: number, value: number): SharedArrayBuffer {
    const { buffer } = SharedMemory.create(SIZE);
    new Int32Array(buffer)[word] = value;
    return buffer;
  }

  test.each([0, 4, 16, 4096])("of %d bytes of zeroes is refused: it is not Earshot's", (bytes) => {
    expect(() => SharedMemory.attach(new SharedArrayBuffer(bytes))).toThrow(
      "this SharedArrayBuffer is not Earshot's: it has no magic number",
    );
  });

  test("with another magic number is refused", () => {
    expect(() => SharedMemory.attach(damaged(0, MAGIC + 1))).toThrow("no magic number");
  });

  test("of another layout is refused, and both are named", () => {
    expect(() => SharedMemory.attach(damaged(1, LAYOUT_VERSION + 1))).toThrow(
      `shared memory of layout ${LAYOUT_VERSION + 1}, this program knows ${LAYOUT_VERSION}`,
    );
  });

  test.each([
    ["more streams than fit", 2, 3],
    ["fewer relays than it was made for", 3, 2],
    ["streams beyond all reason", 2, 2 ** 31 - 1],
    ["a negative number of relays", 3, -1],
  ])("whose header promises %s is refused with its size", (_, word, value) => {
    const buffer = damaged(word, value);
    expect(() => SharedMemory.attach(buffer)).toThrow(
      new RegExp(`shared memory of ${buffer.byteLength} bytes, .* ${value} (streams|relays)`),
    );
  });

  test("that was cut short is refused", () => {
    const whole = new Int32Array(SharedMemory.create(SIZE).buffer);
    const cut = new Int32Array(new SharedArrayBuffer(whole.byteLength - LINE_BYTES));
    cut.set(whole.subarray(0, cut.length));
    expect(() => SharedMemory.attach(cut.buffer)).toThrow(`shared memory of ${cut.byteLength} bytes`);
  });
});
