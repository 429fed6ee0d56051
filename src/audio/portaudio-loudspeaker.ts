// The loudspeaker: a PortAudio output stream at 48 kHz, which takes one channel whatever the device has.
import {
  type DeviceInfo,
  type OutputStream,
  openPortAudio,
  type PortAudio,
  PortAudioError,
} from "../../ffi/portaudio.ts";
import { PLAYBACK_RATE } from "../memory/layout.ts";
import { findDevice } from "./find-device.ts";
import { type DeviceChoice, SourceError } from "./source.ts";

/** What the device holds: more than a garbage collection or two looks of the capture worker take. */
const LATENCY_MS = 120;
const BLOCK_FRAMES = PLAYBACK_RATE / 100;

/** An open device; stays open between sounds. */
export interface Loudspeaker {
  readonly description: string;
  /** From a sample that is written to the air, about, ms. */
  readonly latencyMs: number;
  /** Before the first write, and after each `stop`. */
  start(): void;
  /** Drops what is not heard yet. */
  stop(): void;
  /** Samples that can be written without waiting. @throws SourceError when the device broke */
  room(): number;
  /** Plays the first `count` samples, 48 kHz mono; not more than there is room for. @throws SourceError when the device broke */
  write(pcm: Int16Array, count: number): void;
  /** Hangs as long as a frozen sound server does. Safe to repeat. */
  close(): void;
}

/**
 * Opens a playback device at 48 kHz, with one channel or with the same in two.
 *
 * @param initialise how PortAudio is initialised; the loudspeaker owns what it gives and closes it
 * @throws PortAudioMissingError when PortAudio is not installed
 * @throws SourceError when there is no such device or it cannot be opened
 */
export function openLoudspeaker(choice: DeviceChoice, initialise: () => PortAudio = openPortAudio): Loudspeaker {
  const portAudio = initialise();
  try {
    const device = findDevice(portAudio.devices(), choice, "playback");
    return new PortAudioLoudspeaker(portAudio, device, ...openDevice(portAudio, device));
  } catch (error) {
    portAudio.close();
    throw error;
  }
}

function openDevice(portAudio: PortAudio, device: DeviceInfo): [stream: OutputStream, channels: number] {
  const format = {
    device: device.index,
    sampleRateHz: PLAYBACK_RATE,
    blockFrames: BLOCK_FRAMES,
    latencyMs: LATENCY_MS,
  };
  let refusal: PortAudioError | undefined;
  for (const channels of new Set([1, Math.min(2, device.maxOutputChannels)])) {
    try {
      return [portAudio.openOutput({ ...format, channels }), channels];
    } catch (error) {
      if (!(error instanceof PortAudioError)) throw error;
      refusal ??= error;
      if (!error.refusesChannels) break;
    }
  }
  throw new SourceError(`playback device "${device.name}": ${refusal?.message ?? "it has no format"}`, {
    cause: refusal,
  });
}

class PortAudioLoudspeaker implements Loudspeaker {
  readonly description: string;
  readonly latencyMs: number;
  readonly #portAudio: PortAudio;
  readonly #name: string;
  readonly #stream: OutputStream;
  readonly #channels: number;
  /** Interleaved, as PortAudio takes it. */
  #frames = new Int16Array(0);

  constructor(portAudio: PortAudio, device: DeviceInfo, stream: OutputStream, channels: number) {
    this.#portAudio = portAudio;
    this.#name = device.name;
    this.#stream = stream;
    this.#channels = channels;
    this.latencyMs = stream.latencyMs;
    this.description = `${device.name} (${device.hostApi}, ${PLAYBACK_RATE} Hz, ${channels} ch)`;
  }

  start(): void {
    this.#try(() => this.#stream.start());
  }

  stop(): void {
    this.#try(() => this.#stream.abort());
  }

  room(): number {
    return this.#try(() => this.#stream.availableFrames());
  }

  write(pcm: Int16Array, count: number): void {
    this.#try(() => this.#stream.write(this.#inEveryChannel(pcm, count), count));
  }

  close(): void {
    this.#stream.close();
    this.#portAudio.close();
  }

  #inEveryChannel(pcm: Int16Array, count: number): Int16Array {
    const channels = this.#channels;
    if (channels === 1) return pcm;
    if (this.#frames.length < count * channels) this.#frames = new Int16Array(count * channels);
    for (let frame = 0; frame < count; frame++) {
      for (let channel = 0; channel < channels; channel++) this.#frames[frame * channels + channel] = pcm[frame] ?? 0;
    }
    return this.#frames;
  }

  #try<T>(action: () => T): T {
    try {
      return action();
    } catch (cause) {
      if (!(cause instanceof PortAudioError)) throw cause;
      throw new SourceError(`playback device "${this.#name}": ${cause.message}`, { cause });
    }
  }
}
