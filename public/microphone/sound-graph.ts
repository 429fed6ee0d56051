/** From a microphone that the browser opened to pieces of sound on the page's own thread, dated by when they were heard. */
import { type DatedBy, HeardAt, type ToldLatency } from "./heard-at.ts";
import type { SoundMessage } from "./sound-message.ts";
import { readTrack, type StampedSound } from "./track-reader.ts";

/** As the hub serves sound-worklet.ts: src/web/page.ts. */
const WORKLET = "/sound-worklet.js";
/** Between the track and the audio thread stand buffers of which no browser tells: 80 ms at least in Chromium 156. */
const TO_AUDIO_THREAD_MS = 50;

/** The next 20 ms. */
export interface HeardSound {
  /** 16 kHz, one channel. */
  readonly pcm: Int16Array;
  /** Samples that are missing before it. */
  readonly lostSamples: number;
  /** When its last sample was heard, by the page's clock. */
  readonly endMs: number;
  /** How that is known. */
  readonly datedBy: DatedBy;
}

export interface SoundGraph {
  /** Audio goes through it: false while the browser or the phone holds it back. */
  readonly running: boolean;
  /** Asks the browser to let it run: some want a tap first. */
  resume(): Promise<void>;
  close(): void;
}

export interface SoundEvents {
  readonly onSound: (sound: HeardSound) => void;
  /** {@link SoundGraph.running} may be another. */
  readonly onChange: () => void;
}

/** @param nowMs the page's clock: performance.now() */
export async function openSoundGraph(
  context: AudioContext,
  stream: MediaStream,
  { onSound, onChange }: SoundEvents,
  nowMs: () => number,
): Promise<SoundGraph> {
  const [track] = stream.getAudioTracks();
  const hearWith = (onTheWayMs: number) => {
    const heardAt = new HeardAt({ onTheWayMs, told: () => toldOf(track) });
    return ({ pcm, lostSamples, stampMs }: SoundMessage & Partial<StampedSound>) => {
      // A page that may not answer aloud does not listen either.
      if (context.state !== "running") return;
      const endMs = heardAt.of(stampMs, nowMs());
      onSound({ pcm, lostSamples, endMs, datedBy: heardAt.by });
    };
  };
  const reader = track === undefined ? undefined : readTrack(track, hearWith(0));
  const stop = reader?.stop ?? (await throughAudioThread(context, stream, hearWith(TO_AUDIO_THREAD_MS)));
  context.addEventListener("statechange", onChange);
  return {
    get running() {
      return context.state === "running";
    },
    resume: () => context.resume(),
    close: () => {
      context.removeEventListener("statechange", onChange);
      stop();
    },
  };
}

/** @returns what ends it */
async function throughAudioThread(
  context: AudioContext,
  stream: MediaStream,
  onMessage: (message: SoundMessage) => void,
): Promise<() => void> {
  await context.audioWorklet.addModule(WORKLET);
  const source = context.createMediaStreamSource(stream);
  const node = new AudioWorkletNode(context, "sound", { numberOfOutputs: 0 });
  node.port.onmessage = ({ data }: MessageEvent<SoundMessage>) => {
    node.port.postMessage(0);
    onMessage(data);
  };
  source.connect(node);
  return () => {
    node.port.onmessage = null;
    source.disconnect();
  };
}

/** What a browser may say of a track: TypeScript's DOM knows neither. */
interface Told {
  /** ms, the least since the track began: MediaStreamTrackAudioStats of "Media Capture and Streams Extensions". */
  readonly stats?: { readonly minimumLatency?: number } | null;
}
interface ToldSettings {
  /** s, "Media Capture and Streams", 4.3.8. */
  readonly latency?: number;
}

function toldOf(track: MediaStreamTrack | undefined): ToldLatency {
  const { latency }: MediaTrackSettings & ToldSettings = track?.getSettings() ?? {};
  const { stats }: Partial<MediaStreamTrack> & Told = track ?? {};
  return { track: stats?.minimumLatency, settings: latency === undefined ? undefined : latency * 1000 };
}
