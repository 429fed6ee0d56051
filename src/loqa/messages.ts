/**
 * Loqa's messages on the wire: proto3, package `loqa.audio`, service `AudioService` with the one method
 * `StreamAudio (stream AudioChunk) returns (stream AudioResponse)`. Names and numbers are its relays'.
 */
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

export const STREAM_AUDIO_PATH = "/loqa.audio.AudioService/StreamAudio";

/** What a relay sends. */
export interface AudioChunk {
  readonly relayId: string;
  /** 16-bit little-endian samples, mono. Part of the message that was read. */
  readonly audioData: Uint8Array;
  readonly sampleRate: number;
  readonly isWakeWord: boolean;
  readonly isEndOfSpeech: boolean;
  /** Unix time in ns, when it was sent; 0 where it does not say. */
  readonly timestamp: bigint;
}

/** What it is told. */
export interface AudioResponse {
  /** The id of the relay. */
  readonly requestId: string;
  readonly transcription: string;
  readonly command: string;
  readonly responseText: string;
  readonly success: boolean;
  readonly error: string;
  readonly responseAudio: Uint8Array;
  readonly audioFormat: string;
  /** Seconds. */
  readonly audioDuration: number;
}

const CHUNK = {
  relay_id: 1,
  audio_data: 2,
  sample_rate: 3,
  is_wake_word: 4,
  is_end_of_speech: 5,
  timestamp: 6,
} as const;

const RESPONSE = {
  request_id: 1,
  transcription: 2,
  command: 3,
  response_text: 4,
  success: 5,
  error: 6,
  response_audio: 7,
  audio_format: 8,
  audio_duration: 9,
} as const;

const NOTHING = new Uint8Array(0);

/**
 * Reads an `AudioChunk`. Fields of other numbers or wire types are passed over, as every proto3 reader does.
 *
 * @throws Error for what is no protobuf message
 */
export function readAudioChunk(bytes: Uint8Array): AudioChunk {
  const reader = new BinaryReader(bytes);
  let [relayId, audioData, sampleRate, isWakeWord, isEndOfSpeech] = ["", NOTHING as Uint8Array, 0, false, false];
  let timestamp = 0n;
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === CHUNK.relay_id && type === WireType.LengthDelimited) relayId = reader.string(true);
    else if (field === CHUNK.audio_data && type === WireType.LengthDelimited) audioData = reader.bytes();
    else if (field === CHUNK.sample_rate && type === WireType.Varint) sampleRate = reader.int32();
    else if (field === CHUNK.is_wake_word && type === WireType.Varint) isWakeWord = reader.bool();
    else if (field === CHUNK.is_end_of_speech && type === WireType.Varint) isEndOfSpeech = reader.bool();
    else if (field === CHUNK.timestamp && type === WireType.Varint) timestamp = BigInt(reader.int64());
    else reader.skip(type, field);
  }
  if (reader.pos !== reader.len) throw new RangeError("the message ends in the middle of a field");
  return { relayId, audioData, sampleRate, isWakeWord, isEndOfSpeech, timestamp };
}

/** Writes an `AudioResponse`; what is empty is left out, as proto3 has it. */
export function writeAudioResponse(response: AudioResponse): Uint8Array<ArrayBuffer> {
  const writer = new BinaryWriter();
  const text = (field: number, value: string): void => {
    if (value !== "") writer.tag(field, WireType.LengthDelimited).string(value);
  };
  text(RESPONSE.request_id, response.requestId);
  text(RESPONSE.transcription, response.transcription);
  text(RESPONSE.command, response.command);
  text(RESPONSE.response_text, response.responseText);
  if (response.success) writer.tag(RESPONSE.success, WireType.Varint).bool(true);
  text(RESPONSE.error, response.error);
  if (response.responseAudio.length > 0) {
    writer.tag(RESPONSE.response_audio, WireType.LengthDelimited).bytes(response.responseAudio);
  }
  text(RESPONSE.audio_format, response.audioFormat);
  if (response.audioDuration > 0) writer.tag(RESPONSE.audio_duration, WireType.Bit32).float(response.audioDuration);
  return writer.finish();
}
