/** From a microphone that the browser opened to pieces of sound on the page's own thread. */
import type { SoundMessage } from "./sound-message.ts";

/** As the hub serves sound-worklet.ts: src/web/page.ts. */
const WORKLET = "/sound-worklet.js";

export interface SoundGraph {
  /** Audio goes through it: false while the browser or the phone holds it back. */
  readonly running: boolean;
  /** Asks the browser to let it run: some want a tap first. */
  resume(): Promise<void>;
  close(): void;
}

export interface SoundEvents {
  /** 16 kHz, 20 ms. */
  readonly onSound: (message: SoundMessage) => void;
  /** {@link SoundGraph.running} may be another. */
  readonly onChange: () => void;
}

export async function openSoundGraph(
  context: AudioContext,
  stream: MediaStream,
  { onSound, onChange }: SoundEvents,
): Promise<SoundGraph> {
  await context.audioWorklet.addModule(WORKLET);
  const source = context.createMediaStreamSource(stream);
  const node = new AudioWorkletNode(context, "sound", { numberOfOutputs: 0 });
  node.port.onmessage = ({ data }: MessageEvent<SoundMessage>) => {
    node.port.postMessage(0);
    onSound(data);
  };
  context.addEventListener("statechange", onChange);
  source.connect(node);
  return {
    get running() {
      return context.state === "running";
    },
    resume: () => context.resume(),
    close: () => {
      context.removeEventListener("statechange", onChange);
      node.port.onmessage = null;
      source.disconnect();
    },
  };
}
