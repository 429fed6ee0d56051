/**
 * Commands that are being spoken: listens in the lanes of the shared memory for where each of them ends. Runs in the
 * inference worker, which has the voice's graph open anyway; a second onnxruntime in the web worker would cost its memory.
 */
import type { AudioRingReader } from "../memory/audio-ring.ts";
import { type COMMAND_LANE, COMMAND_LANES, type SPEECH_END } from "../memory/layout.ts";
import type { RecordReader, RecordWriter } from "../memory/record.ts";
import type { SharedMemory } from "../memory/shared-memory.ts";
import { CHUNK_SAMPLES, type VoiceActivity, type VoiceStream } from "../wake/voice-activity.ts";
import { SpeechEnd } from "./speech-end.ts";

/** Chunks of one lane before the wake words of all streams have their turn again: 160 ms of sound, 2 ms of work. */
const CHUNKS_AT_ONCE = 5;

interface Lane {
  readonly record: RecordReader<typeof COMMAND_LANE.fields>;
  readonly told: RecordWriter<typeof SPEECH_END.fields>;
  readonly audio: AudioRingReader;
  /** The command that is listened to; undefined in a lane that is idle. */
  listening: { readonly voice: VoiceStream; readonly end: SpeechEnd } | undefined;
  /** Of the lane's newest command that was looked at. */
  command: number;
}

export interface SpeechEndsOptions {
  readonly memory: SharedMemory;
  /** Without it nobody can say when somebody stops speaking. */
  readonly voice: VoiceActivity | undefined;
}

export class SpeechEnds {
  readonly #options: SpeechEndsOptions;
  readonly #lanes: readonly Lane[];
  readonly #chunk = new Int16Array(CHUNK_SAMPLES);

  constructor(options: SpeechEndsOptions) {
    this.#options = options;
    const { memory } = options;
    this.#lanes = Array.from({ length: COMMAND_LANES }, (_, lane) => ({
      record: memory.lane(lane).reader(),
      told: memory.speechEnd(lane).writer(),
      audio: memory.laneReader(lane),
      listening: undefined,
      command: 0,
    }));
  }

  /** A little of every command. @returns whether there was anything to hear */
  async step(): Promise<boolean> {
    let heard = false;
    for (const lane of this.#lanes) {
      const { command, open } = lane.record.read();
      if (command !== lane.command) this.#begin(lane, command);
      if (!open) lane.listening = undefined;
      if (lane.listening !== undefined && (await this.#listen(lane, lane.listening))) heard = true;
    }
    if (heard) this.#options.memory.webBell.ring();
    return heard;
  }

  #begin(lane: Lane, command: number): void {
    const { voice } = this.#options;
    const { open, begin, wordSamples, silenceSamples, noSpeechSamples } = lane.record.value;
    lane.command = command;
    lane.listening = undefined;
    const { value } = lane.told;
    if (!open) return;
    // After a restart it goes on where its predecessor was, with what that one knew of the past forgotten.
    const goesOn = value.command === command;
    if (goesOn && value.state !== "listening") return;
    if (!goesOn) Object.assign(value, { command, state: "listening", spoke: false, judged: begin, end: begin });
    if (voice === undefined) value.state = "deaf";
    else {
      const past = { samples: (value.judged - begin) | 0, spoke: value.spoke };
      const end = new SpeechEnd({ wordSamples, silenceSamples, noSpeechSamples }, past);
      lane.listening = { voice: voice.stream(), end };
    }
    lane.told.publish();
    this.#options.memory.webBell.ring();
  }

  async #listen(lane: Lane, { voice, end }: NonNullable<Lane["listening"]>): Promise<boolean> {
    const { audio, told } = lane;
    const { begin } = lane.record.value;
    const { value } = told;
    let chunks = 0;
    for (; chunks < CHUNKS_AT_ONCE; chunks++) {
      const behind = (value.judged + CHUNK_SAMPLES) | 0;
      if (((audio.written - value.judged) | 0) < CHUNK_SAMPLES || !audio.copyBefore(behind, this.#chunk)) break;
      value.judged = behind;
      const probability = await voice.next(this.#chunk);
      const state = end.step((behind - begin) | 0, CHUNK_SAMPLES, probability);
      value.spoke = end.spoke;
      if (state.kind === "listening") continue;
      value.state = state.kind;
      value.end = (begin + state.end) | 0;
      lane.listening = undefined;
      break;
    }
    this.#chunk.fill(0);
    if (chunks > 0 || value.state !== "listening") told.publish();
    return chunks > 0 || value.state !== "listening";
  }
}
