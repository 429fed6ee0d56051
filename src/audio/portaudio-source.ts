// The microphone: a PortAudio input stream, brought to 16 kHz mono whatever the device knows.
import {
  type DeviceInfo,
  type InputStream,
  openPortAudio,
  type PortAudio,
  PortAudioError,
} from "../../ffi/portaudio.ts";
import { findDevice } from "./find-device.ts";
import { Resampler } from "./resampler.ts";
import { type AudioSource, type DeviceChoice, SAMPLE_RATE_HZ, SourceError } from "./source.ts";

const BLOCK_MS = 20;
const LATENCY_MS = 100;

/**
 * Opens a capture device at 16 kHz mono; a device that refuses that, at its own rate (resampled) and with its own
 * channels (averaged). Blocks the thread for as long as the sound system takes, usually 50-300 ms.
 *
 * When the sound server dies, `read` throws once; when it freezes, or the throw was missed, `read` gives 0 for ever.
 * One second of 0 therefore means broken too. Only a freshly opened source sees a fresh list of devices.
 *
 * @param choice which device
 * @param initialise how PortAudio is initialised; the source owns what it gives and closes it
 * @throws PortAudioMissingError when PortAudio is not installed
 * @throws SourceError when there is no such device or it cannot be opened
 */
export function openMicrophone(choice: DeviceChoice, initialise: () => PortAudio = openPortAudio): AudioSource {
  const portAudio = initialise();
  try {
    const device = findDevice(portAudio.devices(), choice);
    return new Microphone(portAudio, openDevice(portAudio, device));
  } catch (error) {
    portAudio.close();
    throw error;
  }
}

interface OpenDevice {
  readonly device: DeviceInfo;
  readonly stream: InputStream;
  readonly channels: number;
  readonly sampleRateHz: number;
  readonly blockFrames: number;
}

function openDevice(portAudio: PortAudio, device: DeviceInfo): OpenDevice {
  const rates = new Set([SAMPLE_RATE_HZ, Math.round(device.defaultSampleRateHz)]);
  const channelCounts = new Set([1, Math.min(2, device.maxInputChannels), device.maxInputChannels]);
  let refusal: PortAudioError | undefined;
  for (const channels of channelCounts) {
    for (const sampleRateHz of rates) {
      const blockFrames = Math.round((sampleRateHz * BLOCK_MS) / 1000);
      try {
        const format = { device: device.index, channels, sampleRateHz, blockFrames, latencyMs: LATENCY_MS };
        return { device, stream: portAudio.openInput(format), channels, sampleRateHz, blockFrames };
      } catch (error) {
        if (!(error instanceof PortAudioError)) throw error;
        refusal ??= error;
        if (!error.refusesRate && !error.refusesChannels) throw cannotOpen(device, error);
      }
    }
  }
  throw cannotOpen(device, refusal);
}

function cannotOpen(device: DeviceInfo, cause: PortAudioError | undefined): SourceError {
  return new SourceError(`capture device "${device.name}": ${cause?.message ?? "it has no format"}`, { cause });
}

class Microphone implements AudioSource {
  readonly kind = "microphone";
  readonly live = true;
  readonly description: string;
  readonly nativeRateHz: number;
  overruns = 0;
  readonly #portAudio: PortAudio;
  readonly #name: string;
  readonly #stream: InputStream;
  readonly #channels: number;
  readonly #blockFrames: number;
  /** Interleaved, as PortAudio fills it. */
  readonly #block: Int16Array;
  readonly #resampler: Resampler | undefined;
  /** One block at 16 kHz mono; the samples from `#start` to `#end` are not delivered yet. */
  readonly #ready: Int16Array;
  #start = 0;
  #end = 0;

  constructor(portAudio: PortAudio, { device, stream, channels, sampleRateHz, blockFrames }: OpenDevice) {
    this.#portAudio = portAudio;
    this.#name = device.name;
    this.#stream = stream;
    this.#channels = channels;
    this.nativeRateHz = sampleRateHz;
    this.#blockFrames = blockFrames;
    this.#block = new Int16Array(blockFrames * channels);
    this.#resampler = sampleRateHz === SAMPLE_RATE_HZ ? undefined : new Resampler(sampleRateHz);
    this.#ready = this.#resampler ? new Int16Array(this.#resampler.outputCapacity(blockFrames)) : this.#block;
    this.description = `${device.name} (${device.hostApi}, ${sampleRateHz} Hz, ${channels} ch)`;
  }

  read(into: Int16Array): number {
    let written = 0;
    while (written < into.length) {
      if (this.#start === this.#end && !this.#nextBlock()) break;
      while (this.#start < this.#end && written < into.length) into[written++] = this.#ready[this.#start++] ?? 0;
    }
    return written;
  }

  close(): void {
    this.#stream.close();
    this.#portAudio.close();
  }

  #nextBlock(): boolean {
    try {
      if (this.#stream.availableFrames() < this.#blockFrames) return false;
      if (this.#stream.read(this.#block, this.#blockFrames) === "overflowed") this.overruns++;
    } catch (cause) {
      if (!(cause instanceof PortAudioError)) throw cause;
      throw new SourceError(`capture device "${this.#name}": ${cause.message}`, { cause });
    }
    mixToMono(this.#block, this.#blockFrames, this.#channels);
    this.#start = 0;
    this.#end = this.#resampler?.process(this.#block, this.#blockFrames, this.#ready) ?? this.#blockFrames;
    return true;
  }
}

/** Averages interleaved channels in place: frame i ends up at sample i. */
function mixToMono(samples: Int16Array, frames: number, channels: number): void {
  if (channels === 1) return;
  for (let frame = 0; frame < frames; frame++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) sum += samples[frame * channels + channel] ?? 0;
    samples[frame] = Math.round(sum / channels);
  }
}
