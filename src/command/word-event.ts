/** What hey-orac's webhooks are told of a wake word. */
import type { SpokenCommand } from "./sink.ts";

export interface WordEvent {
  readonly wake_word: string;
  readonly confidence: number;
  readonly threshold: number;
  /** Unix seconds. */
  readonly timestamp: number;
  readonly model_name: string;
  readonly all_scores: Readonly<Record<string, number>>;
  readonly multi_trigger: boolean;
  /** Beyond hey-orac: which command, who heard it and where. */
  readonly id: string;
  readonly relay: string;
  readonly room: string | null;
  readonly topic: string | null;
}

export function wordEvent(command: SpokenCommand): WordEvent {
  const { id, relayId, room, model, confidence, threshold, wakeEndedAtUnixMs, scores, multiTrigger, topic } = command;
  return {
    wake_word: model,
    confidence,
    threshold,
    timestamp: wakeEndedAtUnixMs / 1000,
    model_name: model,
    all_scores: scores,
    multi_trigger: multiTrigger,
    id,
    relay: relayId,
    room: room ?? null,
    topic: topic ?? null,
  };
}
