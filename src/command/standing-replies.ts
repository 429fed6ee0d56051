/** What a person is told where there is no answer. In the words that Loqa's relays know. */
import type { Reply } from "../hub/reply.ts";

/** Nothing was said behind the wake word. */
export function nothingHeard(): Reply {
  const text = "I didn't hear anything. Please try again.";
  return { kind: "no_speech", text, transcription: "", command: "", speech: undefined };
}

/** Why is in the log and in health. @param transcription what was understood, if that went well */
export function wentWrong(transcription = ""): Reply {
  const text = "Something went wrong. Please try again.";
  return { kind: "error", text, transcription, command: "", speech: undefined };
}
