/** Commands in plain words, for the page and for `earshot state`. Pure. */
import { shownMs } from "./round-words.ts";
import type { CommandView } from "./schemas/commands.ts";

/** `kitchen is recording`, `kitchen answered`, `kitchen got no answer: stt.local does not answer`. */
export function describeCommand({ relay, state, outcome, why }: CommandView): string {
  if (state !== "over") return `${relay} is ${state}`;
  switch (outcome) {
    case "answered":
      return `${relay} answered`;
    case "no_answer":
      return `${relay}'s command was taken, and nothing came back`;
    case "asked_back":
      return `${relay} asked back`;
    case "no_speech":
      return `nobody spoke to ${relay}`;
    case "failed":
      return `${relay} got no answer${why === null ? "" : `: ${why}`}`;
    case "interrupted":
      return `${relay} was interrupted`;
    default:
      return `${relay} ${ENDINGS.get(why ?? "") ?? "stopped"}`;
  }
}

const ENDINGS: ReadonlyMap<string, string> = new Map([
  ["left", "left"],
  ["muted", "was muted"],
  ["gave_up", "gave up: it was muted, or reset"],
  ["reset", "was reset"],
  ["stalled", "sent no more sound"],
  ["silent", "sent no sound"],
]);

/** `recorded 1.2 s, understood in 310 ms by openai, answered in 20 ms, heard 0.8 s`, as far as it came. */
export function describeSteps({ sink, recordedMs, understoodMs, answeredMs, spokenMs, outcome }: CommandView): string {
  // What was over before it had an answer was heard by nobody.
  const heardMs = outcome === "answered" || outcome === "asked_back" ? spokenMs : null;
  const steps = [
    recordedMs === null ? null : `recorded ${shownMs(recordedMs)}`,
    understoodMs === null ? `sink ${sink}` : `understood in ${shownMs(understoodMs)} by ${sink}`,
    answeredMs === null ? null : `answered in ${shownMs(answeredMs)}`,
    heardMs === null || heardMs < 1 ? null : `heard for ${shownMs(heardMs)}`,
  ];
  return steps.filter((step) => step !== null).join(", ");
}
