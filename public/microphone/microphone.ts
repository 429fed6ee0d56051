/** The microphone of this device: opened when somebody wants it, opened again when it comes back. */
import type { HeardSound, SoundEvents, SoundGraph } from "./sound-graph.ts";

/** Why there is no sound. */
export type MicrophoneTrouble = "denied" | "none" | "busy" | "unplugged" | "taken" | "held" | "other";

export type MicrophoneState =
  | { readonly kind: "closed" }
  /** The browser may be asking the person. */
  | { readonly kind: "asking" }
  | { readonly kind: "open"; readonly label: string }
  | { readonly kind: "failed"; readonly why: MicrophoneTrouble; readonly message: string };

export interface MicrophoneOptions {
  readonly devices: Pick<MediaDevices, "getUserMedia">;
  readonly openGraph: (stream: MediaStream, events: SoundEvents) => Promise<SoundGraph>;
  readonly onSound: (sound: HeardSound) => void;
  readonly onState: (state: MicrophoneState) => void;
}

/** As it is: what a browser does for telephony changes levels, and by levels the house decides who answers. */
const WANTED: MediaStreamConstraints = {
  audio: { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false },
};

export class Microphone {
  readonly #options: MicrophoneOptions;
  #wanted = false;
  #opening = false;
  #stream: MediaStream | undefined;
  #graph: SoundGraph | undefined;

  constructor(options: MicrophoneOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    this.#wanted = true;
    if (this.#opening || this.#stream !== undefined) return;
    this.#opening = true;
    this.#options.onState({ kind: "asking" });
    try {
      const stream = await this.#options.devices.getUserMedia(WANTED);
      this.#stream = stream;
      for (const track of stream.getAudioTracks()) {
        track.onended = () => this.#lose("unplugged");
        track.onmute = () => this.#look();
        track.onunmute = () => this.#look();
      }
      this.#graph = await this.#options.openGraph(stream, {
        onSound: this.#options.onSound,
        onChange: () => this.#look(),
      });
      // Somebody may have changed their mind while the browser asked.
      if (this.#wanted) this.#look();
      else this.close();
    } catch (error) {
      this.#release();
      if (this.#wanted) this.#fail(troubleOf(error), error instanceof Error ? error.message : String(error));
    } finally {
      this.#opening = false;
    }
  }

  close(): void {
    this.#wanted = false;
    this.#release();
    this.#options.onState({ kind: "closed" });
  }

  /** Tries again what may have come back: a device, a permission, a page that was looked at again. */
  async mend(): Promise<void> {
    if (!this.#wanted) return;
    if (this.#stream === undefined) return this.open();
    if (this.#graph?.running === false) await this.#graph.resume().catch(() => {});
    this.#look();
  }

  #look(): void {
    if (this.#stream === undefined || this.#graph === undefined) return;
    const [track] = this.#stream.getAudioTracks();
    if (track === undefined || track.readyState === "ended") this.#lose("unplugged");
    else if (!this.#graph.running) this.#fail("held", "");
    else if (track.muted) this.#fail("taken", "");
    else this.#options.onState({ kind: "open", label: track.label });
  }

  #lose(why: MicrophoneTrouble): void {
    this.#release();
    if (this.#wanted) this.#fail(why, "");
  }

  #fail(why: MicrophoneTrouble, message: string): void {
    this.#options.onState({ kind: "failed", why, message });
  }

  #release(): void {
    this.#graph?.close();
    for (const track of this.#stream?.getTracks() ?? []) {
      track.onended = null;
      track.stop();
    }
    this.#graph = undefined;
    this.#stream = undefined;
  }
}

/** By the names of the Media Capture specification, section 10.2 (getUserMedia). */
function troubleOf(error: unknown): MicrophoneTrouble {
  switch (error instanceof Error ? error.name : "") {
    case "NotAllowedError":
    case "SecurityError":
      return "denied";
    case "NotFoundError":
    case "OverconstrainedError":
      return "none";
    case "NotReadableError":
    case "AbortError":
      return "busy";
    default:
      return "other";
  }
}
