/**
 * Sound straight from a microphone's track, each piece with the time at which it was heard: what MediaStreamTrackProcessor of
 * "MediaStreamTrack Insertable Media Processing" gives for audio in Chromium. The other browsers have it for video alone, or not.
 */

import { Pieces } from "./pieces.ts";
import type { SoundMessage } from "./sound-message.ts";

/** What may wait for a page that is held up, before it is dropped: 2 s and more. */
const MOST_WAITING = 200;
/** Stamps waver by what the machine is held up; where they jump further, sound is missing. */
const HOLE_MS = 200;

interface TrackProcessor {
  readonly readable: ReadableStream<AudioData>;
}
type TrackProcessorClass = new (options: {
  readonly track: MediaStreamTrack;
  readonly maxBufferSize: number;
}) => TrackProcessor;

/** The next 20 ms. */
export interface StampedSound extends SoundMessage {
  /** When its last sample was heard, as the browser says, ms. */
  readonly stampMs: number;
}

export interface TrackReader {
  stop(): void;
}

/** @returns undefined where the browser cannot */
export function readTrack(
  track: MediaStreamTrack,
  onPiece: (sound: StampedSound) => void,
  browser: object = globalThis,
): TrackReader | undefined {
  const reader = readerOf(track, browser);
  if (reader === undefined) return undefined;
  void follow(reader, onPiece).catch(() => {});
  return { stop: () => void reader.cancel().catch(() => {}) };
}

function readerOf(track: MediaStreamTrack, browser: object): ReadableStreamDefaultReader<AudioData> | undefined {
  const { MediaStreamTrackProcessor: Processor } = browser as { MediaStreamTrackProcessor?: TrackProcessorClass };
  try {
    return Processor && new Processor({ track, maxBufferSize: MOST_WAITING }).readable.getReader();
  } catch {
    // It has it for video alone.
    return undefined;
  }
}

async function follow(
  reader: ReadableStreamDefaultReader<AudioData>,
  onPiece: (sound: StampedSound) => void,
): Promise<void> {
  let pieces: Pieces | undefined;
  let nextMs: number | undefined;
  let lostSamples = 0;
  for (;;) {
    const { value: data, done } = await reader.read();
    if (done) return;
    const { sampleRate, numberOfFrames, timestamp } = data;
    const beginMs = timestamp / 1000;
    const endMs = beginMs + (numberOfFrames / sampleRate) * 1000;
    if (nextMs !== undefined && beginMs - nextMs > HOLE_MS) lostSamples += Math.round((beginMs - nextMs) * 16);
    nextMs = endMs;
    if (pieces?.sampleRateHz !== sampleRate) pieces = new Pieces(sampleRate);
    const channels = channelsOf(data);
    data.close();
    for (const { pcm, behindMs } of pieces.take(channels)) {
      onPiece({ pcm, lostSamples, stampMs: endMs - behindMs });
      lostSamples = 0;
    }
  }
}

function channelsOf(data: AudioData): readonly Float32Array[] {
  return Array.from({ length: data.numberOfChannels }, (_, planeIndex) => {
    const channel = new Float32Array(data.numberOfFrames);
    data.copyTo(channel, { planeIndex, format: "f32-planar" });
    return channel;
  });
}
