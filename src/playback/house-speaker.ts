/**
 * What this machine says aloud: the chime that a word was heard, the sound of something that went wrong, and answers. Runs in
 * the web worker; goes by the configuration of the moment.
 */
import type { Reply } from "../hub/reply.ts";
import type { SPEAKER } from "../memory/layout.ts";
import type { RecordReader } from "../memory/record.ts";
import type { Clip, ClipEnd, Playlist } from "./playlist.ts";
import { MADE_SOUNDS, type MadeSound, madeSound } from "./sounds.ts";

const NO_LOUDSPEAKER = "earshot devices lists what audio.output can name; audio.output: none where there is none";
const BAD_FILE = "our own sound is heard in its place; playback.wake_sound and playback.error_sound name the files";

/** As the configuration has them. */
export interface SpeakerSettings {
  readonly wake_sound: string;
  readonly error_sound: string;
  /** dB */
  readonly volume: number;
}

export interface HouseSpeakerOptions {
  readonly playlist: Playlist;
  readonly speaker: RecordReader<typeof SPEAKER.fields>;
  readonly settings: () => SpeakerSettings;
  /** Decodes a sound file. @throws when it is none */
  readonly readSound: (path: string) => Promise<Clip>;
  readonly monotonicMs: () => number;
  readonly log: {
    warn(event: string, fields: Record<string, unknown>): void;
  };
}

export class HouseSpeaker {
  readonly #options: HouseSpeakerOptions;
  readonly #made = new Map<MadeSound, Clip>();
  /** By path; undefined while it is read, or when it cannot be: then our own is heard. */
  readonly #files = new Map<string, Clip | undefined>();
  #trouble: string | undefined;
  /** An answer was lost. A chime that is not heard is no trouble: a machine without a loudspeaker may want none. */
  #unheard = false;

  constructor(options: HouseSpeakerOptions) {
    this.#options = options;
    // Computed before somebody waits for them: that takes a fifth of the time a chime may take.
    for (const name of MADE_SOUNDS) this.#made.set(name, madeSound(name));
    this.readSounds();
  }

  /** Whether something is to be heard. */
  get isPlaying(): boolean {
    return this.#options.playlist.isPlaying;
  }

  /** What health should tell: of something that was to be heard and was not, and of a sound file that is none. */
  get troubles(): readonly { readonly code: string; readonly message: string; readonly hint: string }[] {
    const { state, error } = this.#options.speaker.read();
    return [
      ...(state === "failed" && this.#unheard
        ? [{ code: "no_loudspeaker", message: `chimes and answers are silent: ${error}`, hint: NO_LOUDSPEAKER }]
        : []),
      ...(this.#trouble === undefined ? [] : [{ code: "sound_file", message: this.#trouble, hint: BAD_FILE }]),
    ];
  }

  /** With each new configuration: files are decoded before they are needed. */
  readSounds(): void {
    const { wake_sound, error_sound } = this.#options.settings();
    this.#trouble = undefined;
    for (const path of [wake_sound, error_sound]) {
      if (path !== "default" && path !== "none" && this.#files.get(path) === undefined) void this.#read(path);
    }
  }

  /** A word was heard. It silences what is being said: whoever interrupts wants to speak. */
  wake(): void {
    this.#options.playlist.stop();
    this.#playSound("wake", this.#options.settings().wake_sound);
  }

  /** @param told when it has been heard, or nobody can hear it */
  say({ kind, speech }: Pick<Reply, "kind" | "speech">, told: (end: ClipEnd) => void = () => {}): void {
    const ended = (end: ClipEnd) => {
      this.#unheard = end === "no_loudspeaker";
      told(end);
    };
    if (kind === "error") this.#playSound("error", this.#options.settings().error_sound, speech ? undefined : ended);
    if (speech !== undefined) this.#play(speech, ended);
    else if (kind !== "error") ended("heard");
  }

  stop(): void {
    this.#options.playlist.stop();
  }

  /** With each look at the house. */
  look(): void {
    this.#options.playlist.look(this.#options.monotonicMs());
  }

  #playSound(name: MadeSound, setting: string, ended: (end: ClipEnd) => void = () => {}): void {
    if (setting === "none") {
      ended("heard");
      return;
    }
    const made = this.#made.get(name) ?? madeSound(name);
    this.#play(setting === "default" ? made : (this.#files.get(setting) ?? made), ended);
  }

  #play(clip: Clip, ended: (end: ClipEnd) => void): void {
    const { playlist, settings, monotonicMs } = this.#options;
    playlist.play(clip, monotonicMs(), ended, settings().volume);
  }

  async #read(path: string): Promise<void> {
    try {
      this.#files.set(path, await this.#options.readSound(path));
    } catch (error) {
      this.#trouble = `${path}: ${error instanceof Error ? error.message : String(error)}`;
      this.#options.log.warn("sound file not usable", { path, error: this.#trouble });
    }
  }
}
