/**
 * The lanes of the shared memory in which inference listens for where commands end, from the web worker's side. Lengths
 * and places are in samples of the command's own sound.
 */
import { type AudioRingWriter, MAX_BLOCK_SAMPLES } from "../memory/audio-ring.ts";
import { type COMMAND_LANE, COMMAND_LANES, LANE_RING_SAMPLES, type SPEECH_END } from "../memory/layout.ts";
import type { RecordReader, RecordWriter } from "../memory/record.ts";
import type { SharedMemory } from "../memory/shared-memory.ts";
import type { Recording } from "./recording.ts";

/** Samples that may wait in a lane: its reader must not be overtaken. */
const MOST_WAITING_SAMPLES = LANE_RING_SAMPLES - 2 * MAX_BLOCK_SAMPLES;

export interface SpeechLimits {
  /** Where the wake word ends. */
  readonly wordSamples: number;
  readonly silenceSamples: number;
  readonly noSpeechSamples: number;
}

/** What is known of where a command ends. */
export interface SpeechSeen {
  /** `said` and `nothing` are over at `end`; `deaf`: nobody can say. */
  readonly state: "listening" | "said" | "nothing" | "deaf";
  /** Whether something was said behind the wake word, as far as it was listened to. */
  readonly spoke: boolean;
  /** Samples that were listened to. */
  readonly judged: number;
  readonly end: number;
}

interface Slot {
  readonly record: RecordWriter<typeof COMMAND_LANE.fields>;
  readonly heard: RecordReader<typeof SPEECH_END.fields>;
  readonly ring: AudioRingWriter;
}

export class CommandLanes {
  readonly #slots: readonly Slot[];
  readonly #bell;

  constructor(memory: SharedMemory) {
    this.#bell = memory.inferenceBell;
    this.#slots = Array.from({ length: COMMAND_LANES }, (_, lane) => ({
      record: memory.lane(lane).writer(),
      heard: memory.speechEnd(lane).reader(),
      ring: memory.laneWriter(lane),
    }));
    // Commands of a predecessor are gone with it.
    for (const { record } of this.#slots) {
      if (!record.value.open) continue;
      record.value.open = false;
      record.publish();
    }
  }

  /** @returns undefined while other commands have all lanes */
  open(limits: SpeechLimits): CommandLane | undefined {
    const slot = this.#slots.find(({ record }) => !record.value.open);
    if (slot === undefined) return undefined;
    const { record, ring } = slot;
    const command = (record.value.command + 1) | 0;
    Object.assign(record.value, limits, { command, open: true, begin: ring.written });
    record.publish();
    return new CommandLane(slot, this.#bell);
  }
}

/** The lane of one command. */
export class CommandLane {
  readonly #slot: Slot;
  readonly #bell: { ring(): void };
  readonly #command: number;
  /** Samples of the command that were put into the lane. */
  #fed = 0;

  constructor(slot: Slot, bell: { ring(): void }) {
    this.#slot = slot;
    this.#bell = bell;
    this.#command = slot.record.value.command;
  }

  /** Puts in what is new, as much as there is room for. */
  feed(recording: Recording): void {
    const { ring } = this.#slot;
    const to = Math.min(recording.length, this.look().judged + MOST_WAITING_SAMPLES);
    if (to <= this.#fed) return;
    while (this.#fed < to) {
      const block = recording.samples(this.#fed, Math.min(to, this.#fed + MAX_BLOCK_SAMPLES));
      ring.write(block, block.length);
      this.#fed += block.length;
    }
    this.#bell.ring();
  }

  look(): SpeechSeen {
    const { command, state, spoke, judged, end } = this.#slot.heard.read();
    if (command !== this.#command) return { state: "listening", spoke: false, judged: 0, end: 0 };
    const { begin } = this.#slot.record.value;
    return { state, spoke, judged: (judged - begin) | 0, end: (end - begin) | 0 };
  }

  /** Overwrites what is in it, and gives it back. */
  close(): void {
    const { record, ring } = this.#slot;
    if (record.value.command !== this.#command || !record.value.open) return;
    record.value.open = false;
    record.publish();
    const silence = new Int16Array(Math.min(this.#fed, MAX_BLOCK_SAMPLES));
    for (let left = Math.min(this.#fed, LANE_RING_SAMPLES); left > 0; left -= silence.length) {
      ring.write(silence, Math.min(left, silence.length));
    }
  }
}
