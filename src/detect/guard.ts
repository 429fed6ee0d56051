/**
 * Microphones near a loudspeaker that plays: what it says must not wake them, a person still may. Runs in the inference
 * worker; which streams those are, the web worker says.
 */
import type { GUARDS } from "../memory/layout.ts";
import type { RecordReader } from "../memory/record.ts";
import type { LoadedModel } from "../wake/load.ts";
import type { TriggerSettings } from "../wake/trigger.ts";

export interface GuardSettings {
  readonly whilePlaying: "raise" | "mute" | "listen";
  /** The score that a word must reach meanwhile. */
  readonly raisedThreshold: number;
}

/** No score is that high. */
const NEVER = 2;

export class Guard {
  readonly #record: RecordReader<typeof GUARDS.fields>;
  #generation: number | undefined;

  constructor(record: RecordReader<typeof GUARDS.fields>) {
    this.#record = record;
  }

  /** Whether other streams are guarded than at the last look. */
  changed(): boolean {
    const { generation } = this.#record.read();
    if (generation === this.#generation) return false;
    this.#generation = generation;
    return true;
  }

  guards(stream: number): boolean {
    return this.#record.value.guarded[stream] === 1;
  }

  /** What a trigger goes by in this stream. */
  settingsOf(
    stream: number,
    { whilePlaying, raisedThreshold }: GuardSettings,
    settingsOf: (model: LoadedModel) => TriggerSettings,
  ): (model: LoadedModel) => TriggerSettings {
    if (!this.guards(stream) || whilePlaying === "listen") return settingsOf;
    return (model) => {
      const settings = settingsOf(model);
      const threshold = whilePlaying === "mute" ? NEVER : Math.max(settings.threshold, raisedThreshold);
      return { ...settings, threshold, sure: Math.max(settings.sure ?? NEVER, threshold) };
    };
  }
}
