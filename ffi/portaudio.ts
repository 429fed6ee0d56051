// The one binding of PortAudio (v19, libportaudio.so.2). Streams are polled, and read in whole blocks or written to, by the
// thread that opened them. There is no callback anywhere: PortAudio reuses its buffer before JavaScript would run.
import { CString, dlopen, FFIType, type Library, type Pointer, read } from "bun:ffi";
import { silenceAudioLibraries } from "./silence.ts";

const SYMBOLS = {
  Pa_Initialize: { args: [], returns: "i32" },
  Pa_Terminate: { args: [], returns: "i32" },
  Pa_GetErrorText: { args: ["i32"], returns: "ptr" },
  Pa_GetLastHostErrorInfo: { args: [], returns: "ptr" },
  Pa_GetDeviceCount: { args: [], returns: "i32" },
  Pa_GetDeviceInfo: { args: ["i32"], returns: "ptr" },
  Pa_GetHostApiInfo: { args: ["i32"], returns: "ptr" },
  Pa_GetDefaultInputDevice: { args: [], returns: "i32" },
  Pa_GetDefaultOutputDevice: { args: [], returns: "i32" },
  Pa_OpenStream: { args: ["ptr", "ptr", "ptr", "f64", "u64", "u64", "ptr", "ptr"], returns: "i32" },
  Pa_StartStream: { args: ["ptr"], returns: "i32" },
  Pa_AbortStream: { args: ["ptr"], returns: "i32" },
  Pa_CloseStream: { args: ["ptr"], returns: "i32" },
  Pa_GetStreamInfo: { args: ["ptr"], returns: "ptr" },
  Pa_GetStreamReadAvailable: { args: ["ptr"], returns: FFIType.i64_fast },
  Pa_ReadStream: { args: ["ptr", "ptr", "u64"], returns: "i32" },
  Pa_GetStreamWriteAvailable: { args: ["ptr"], returns: FFIType.i64_fast },
  Pa_WriteStream: { args: ["ptr", "ptr", "u64"], returns: "i32" },
} as const;

type Symbols = Library<typeof SYMBOLS>["symbols"];
type Address = Pointer | bigint;

// Layouts of portaudio.h on LP64, in bytes.
const DEVICE_INFO = { name: 8, hostApi: 16, maxInputs: 20, maxOutputs: 24, lowInput: 32, highInput: 48, rate: 64 };
const HOST_API_NAME = 8;
const HOST_ERROR = { code: 8, text: 16 };
const STREAM_INFO = { inputLatency: 8, outputLatency: 16, sampleRate: 24 };
const STREAM_PARAMETERS = { bytes: 32, device: 0, channels: 4, format: 8, latency: 16 };

const PA_INT16 = 8n;
const UNANTICIPATED_HOST_ERROR = -9999;
const INVALID_CHANNEL_COUNT = -9998;
const INVALID_SAMPLE_RATE = -9997;
const INPUT_OVERFLOWED = -9981;
const OUTPUT_UNDERFLOWED = -9980;

/** PortAudio is not installed on this machine. */
export class PortAudioMissingError extends Error {
  override readonly name = "PortAudioMissingError";
}

/** PortAudio, or the sound system below it, refused a call. `code` is PortAudio's PaErrorCode. */
export class PortAudioError extends Error {
  override readonly name = "PortAudioError";

  constructor(
    readonly action: string,
    readonly code: number,
    text: string,
  ) {
    super(`${action}: ${text} (PortAudio ${code})`);
  }

  /** The device does not know this sample rate (PortAudio never resamples). */
  get refusesRate(): boolean {
    return this.code === INVALID_SAMPLE_RATE;
  }

  /** The device does not know this number of channels. */
  get refusesChannels(): boolean {
    return this.code === INVALID_CHANNEL_COUNT;
  }
}

/** A device as PortAudio lists it. */
export interface DeviceInfo {
  readonly index: number;
  readonly name: string;
  /** The sound system it was found in: "ALSA", "JACK Audio Connection Kit", "OSS" ... */
  readonly hostApi: string;
  readonly maxInputChannels: number;
  readonly maxOutputChannels: number;
  readonly defaultSampleRateHz: number;
  readonly lowInputLatencyMs: number;
  readonly highInputLatencyMs: number;
  readonly isDefaultInput: boolean;
  readonly isDefaultOutput: boolean;
}

/** What a stream is opened with. */
export interface StreamFormat {
  readonly device: number;
  readonly channels: number;
  readonly sampleRateHz: number;
  /** Frames of one block: what one read takes, or one write gives. */
  readonly blockFrames: number;
  /** Latency suggested to the sound system. */
  readonly latencyMs: number;
}

/** An open, running input stream: interleaved s16. Only the thread that opened it may use it. */
export interface InputStream {
  /** What the sound system made of the suggested latency, where it says so. */
  readonly latencyMs: number;
  readonly sampleRateHz: number;
  /** Frames that can be read without waiting. @throws PortAudioError when the stream broke (said once: afterwards it is 0 for ever) */
  availableFrames(): number;
  /**
   * Reads `frames` frames into the start of `into`; waits for them if fewer are available.
   * @returns "overflowed" when the sound system dropped frames before these
   * @throws PortAudioError
   */
  read(into: Int16Array, frames: number): "complete" | "overflowed";
  /** Drops what is not read yet and frees the device. Hangs as long as a frozen sound server does. Safe to repeat. */
  close(): void;
}

/** An open output stream: interleaved s16. Only the thread that opened it may use it. */
export interface OutputStream {
  /** From a write to the air, where the sound system says so. */
  readonly latencyMs: number;
  readonly sampleRateHz: number;
  /** Begins to play: what is written is heard. */
  start(): void;
  /** Drops what is not played yet. */
  abort(): void;
  /** Frames that can be written without waiting. @throws PortAudioError when the stream broke */
  availableFrames(): number;
  /**
   * Writes the first `frames` frames of `from`; waits where there is no room for them.
   * @returns "underflowed" when nothing was left to play before these
   * @throws PortAudioError
   */
  write(from: Int16Array, frames: number): "complete" | "underflowed";
  /** Drops what is not played yet and frees the device. Hangs as long as a frozen sound server does. Safe to repeat. */
  close(): void;
}

/** PortAudio, initialised. Its device list is that of the moment it was opened: open again, with all others closed, for a fresh one. */
export interface PortAudio {
  devices(): readonly DeviceInfo[];
  /** @throws PortAudioError */
  openInput(format: StreamFormat): InputStream;
  /** @throws PortAudioError */
  openOutput(format: StreamFormat): OutputStream;
  /** Closes what is still open and gives PortAudio back. Safe to repeat. */
  close(): void;
}

let library: Library<typeof SYMBOLS> | undefined;

/**
 * Initialises PortAudio, with ALSA's and JACK's messages kept off the terminal.
 * Looking for devices takes tens to hundreds of milliseconds and blocks the thread.
 * @throws PortAudioMissingError when the library is not installed
 * @throws PortAudioError when no sound system can be initialised
 */
export function openPortAudio(): PortAudio {
  const pa = loadLibrary();
  check(pa, "PortAudio cannot start", pa.Pa_Initialize());

  const streams = new Set<{ close(): void }>();
  let closed = false;
  return {
    devices: () => listDevices(pa),
    openInput(format) {
      const stream = openInput(pa, format, () => streams.delete(stream));
      streams.add(stream);
      return stream;
    },
    openOutput(format) {
      const stream = openOutput(pa, format, () => streams.delete(stream));
      streams.add(stream);
      return stream;
    },
    close() {
      if (closed) return;
      closed = true;
      for (const stream of streams) stream.close();
      pa.Pa_Terminate();
    },
  };
}

function loadLibrary(): Symbols {
  if (library === undefined) {
    try {
      library = dlopen("libportaudio.so.2", SYMBOLS);
    } catch (cause) {
      throw new PortAudioMissingError("libportaudio.so.2 is missing: sudo apt-get install libportaudio2", { cause });
    }
    silenceAudioLibraries();
    endWhatIsLeft(library.symbols);
  }
  return library.symbols;
}

/**
 * A thread that died left PortAudio as it was, for the whole process: its streams hold their devices, and its list of
 * devices stays. Each Pa_Initialize wants its Pa_Terminate; the last one closes what is open.
 */
function endWhatIsLeft(pa: Symbols): void {
  let code: number;
  do code = pa.Pa_Terminate();
  while (code === 0);
}

function listDevices(pa: Symbols): readonly DeviceInfo[] {
  const defaultInput = pa.Pa_GetDefaultInputDevice();
  const defaultOutput = pa.Pa_GetDefaultOutputDevice();
  const devices: DeviceInfo[] = [];
  for (let index = 0; index < pa.Pa_GetDeviceCount(); index++) {
    const info = pa.Pa_GetDeviceInfo(index);
    if (info === null) continue;
    const api = pa.Pa_GetHostApiInfo(read.i32(info, DEVICE_INFO.hostApi));
    devices.push({
      index,
      name: text(info, DEVICE_INFO.name),
      hostApi: api === null ? "unknown" : text(api, HOST_API_NAME),
      maxInputChannels: read.i32(info, DEVICE_INFO.maxInputs),
      maxOutputChannels: read.i32(info, DEVICE_INFO.maxOutputs),
      defaultSampleRateHz: read.f64(info, DEVICE_INFO.rate),
      lowInputLatencyMs: read.f64(info, DEVICE_INFO.lowInput) * 1000,
      highInputLatencyMs: read.f64(info, DEVICE_INFO.highInput) * 1000,
      isDefaultInput: index === defaultInput,
      isDefaultOutput: index === defaultOutput,
    });
  }
  return devices;
}

/** @returns PortAudio's handle of the opened stream */
function openStream(pa: Symbols, way: "input" | "output", format: StreamFormat): Pointer {
  const { device, channels, sampleRateHz, blockFrames, latencyMs } = format;
  const parameters = new DataView(new ArrayBuffer(STREAM_PARAMETERS.bytes));
  parameters.setInt32(STREAM_PARAMETERS.device, device, true);
  parameters.setInt32(STREAM_PARAMETERS.channels, channels, true);
  parameters.setBigUint64(STREAM_PARAMETERS.format, PA_INT16, true);
  parameters.setFloat64(STREAM_PARAMETERS.latency, latencyMs / 1000, true);

  const holder = new BigUint64Array(1);
  const action = `device ${device} cannot be opened at ${sampleRateHz} Hz with ${channels} channel${channels === 1 ? "" : "s"}`;
  const bytes = new Uint8Array(parameters.buffer);
  const [input, output] = way === "input" ? [bytes, null] : [null, bytes];
  check(pa, action, pa.Pa_OpenStream(holder, input, output, sampleRateHz, blockFrames, 0, null, null));
  // User-space addresses fit into 53 bits; as a number the calls below allocate nothing.
  return Number(holder[0]) as Pointer;
}

function openInput(pa: Symbols, format: StreamFormat, onClose: () => void): InputStream {
  const { device, channels, sampleRateHz } = format;
  const stream = openStream(pa, "input", format);
  try {
    check(pa, `device ${device} cannot be started`, pa.Pa_StartStream(stream));
  } catch (error) {
    pa.Pa_CloseStream(stream);
    throw error;
  }

  const info = pa.Pa_GetStreamInfo(stream);
  let open = true;
  return {
    latencyMs: info === null ? 0 : read.f64(info, STREAM_INFO.inputLatency) * 1000,
    sampleRateHz: info === null ? sampleRateHz : read.f64(info, STREAM_INFO.sampleRate),
    availableFrames() {
      if (!open) return 0;
      const frames = Number(pa.Pa_GetStreamReadAvailable(stream));
      if (frames < 0) check(pa, `device ${device} broke`, frames);
      return frames;
    },
    read(into, frames) {
      if (frames * channels > into.length)
        throw new RangeError(`${frames} frames do not fit into ${into.length} samples`);
      const code = pa.Pa_ReadStream(stream, into, frames);
      if (code === INPUT_OVERFLOWED) return "overflowed";
      check(pa, `device ${device} cannot be read`, code);
      return "complete";
    },
    close() {
      if (!open) return;
      open = false;
      onClose();
      pa.Pa_AbortStream(stream);
      pa.Pa_CloseStream(stream);
    },
  };
}

function openOutput(pa: Symbols, format: StreamFormat, onClose: () => void): OutputStream {
  const { device, channels, sampleRateHz } = format;
  const stream = openStream(pa, "output", format);
  const info = pa.Pa_GetStreamInfo(stream);
  let open = true;
  return {
    latencyMs: info === null ? 0 : read.f64(info, STREAM_INFO.outputLatency) * 1000,
    sampleRateHz: info === null ? sampleRateHz : read.f64(info, STREAM_INFO.sampleRate),
    start: () => check(pa, `device ${device} cannot be started`, pa.Pa_StartStream(stream)),
    abort: () => check(pa, `device ${device} cannot be stopped`, pa.Pa_AbortStream(stream)),
    availableFrames() {
      if (!open) return 0;
      const frames = Number(pa.Pa_GetStreamWriteAvailable(stream));
      if (frames < 0) check(pa, `device ${device} broke`, frames);
      return frames;
    },
    write(from, frames) {
      if (frames * channels > from.length)
        throw new RangeError(`${frames} frames are more than ${from.length} samples`);
      const code = pa.Pa_WriteStream(stream, from, frames);
      if (code === OUTPUT_UNDERFLOWED) return "underflowed";
      check(pa, `device ${device} cannot be written to`, code);
      return "complete";
    },
    close() {
      if (!open) return;
      open = false;
      onClose();
      pa.Pa_AbortStream(stream);
      pa.Pa_CloseStream(stream);
    },
  };
}

function check(pa: Symbols, action: string, code: number): void {
  if (code >= 0) return;
  throw new PortAudioError(action, code, code === UNANTICIPATED_HOST_ERROR ? hostErrorText(pa) : errorText(pa, code));
}

function errorText(pa: Symbols, code: number): string {
  const address = pa.Pa_GetErrorText(code);
  return address === null ? "unknown error" : new CString(address).toString();
}

function hostErrorText(pa: Symbols): string {
  const info = pa.Pa_GetLastHostErrorInfo();
  if (info === null) return errorText(pa, UNANTICIPATED_HOST_ERROR);
  return `${text(info, HOST_ERROR.text) || "host error"}, code ${read.i64(info, HOST_ERROR.code)}`;
}

/** The C string whose address stands at `offset` of a structure. */
function text(structure: Address, offset: number): string {
  const address = read.ptr(structure, offset);
  return address === 0 ? "" : new CString(address as Pointer).toString();
}
