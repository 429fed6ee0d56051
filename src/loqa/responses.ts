/** What Loqa's relays are told, in the words of their own hub. */
import type { Loss } from "../arbitration/effects.ts";
import { wavOf } from "../audio/wav-write.ts";
import type { Reply } from "../hub/reply.ts";
import type { AudioResponse } from "./messages.ts";

export const WORDS = {
  relay_cancelled: "Another relay is handling this request.",
  relay_too_late: "Arbitration window closed. Please try again.",
  error: "Invalid audio data received. Please try again.",
  no_speech: "I didn't hear anything. Please try again.",
} as const;

const SILENT = { responseAudio: new Uint8Array(0), audioFormat: "", audioDuration: 0 } as const;
const EMPTY = { transcription: "", command: "", responseText: "", success: false, error: "", ...SILENT } as const;

/** Another answers, or the claim came when that was decided. */
export function lossResponse(relayId: string, why: Loss | "stale"): AudioResponse {
  const command = why === "too_late" || why === "stale" ? "relay_too_late" : "relay_cancelled";
  return { ...EMPTY, requestId: relayId, command, responseText: WORDS[command] };
}

/** Nothing was said that anybody could have heard. */
export function noSpeechResponse(relayId: string): AudioResponse {
  return { ...EMPTY, requestId: relayId, command: "no_speech", responseText: WORDS.no_speech, success: true };
}

/** @param error what was wrong, for whoever looks after the relay */
export function errorResponse(relayId: string, error: string, responseText: string = WORDS.error): AudioResponse {
  return { ...EMPTY, requestId: relayId, command: "error", responseText, error };
}

/** The answer to a command, with its sound as a WAV file where there is one. */
export function replyResponse(relayId: string, reply: Reply): AudioResponse {
  const { transcription, text } = reply;
  const said = { transcription, ...spoken(reply) };
  switch (reply.kind) {
    case "answer":
      return { ...EMPTY, ...said, requestId: relayId, command: reply.command, responseText: text, success: true };
    case "confirmation": {
      const command = "confirmation_needed";
      return { ...EMPTY, ...said, requestId: relayId, command, responseText: text, success: true };
    }
    case "no_speech":
      return { ...noSpeechResponse(relayId), ...said };
    case "error": {
      const responseText = text === "" ? WORDS.error : text;
      return { ...errorResponse(relayId, responseText, responseText), ...said };
    }
  }
}

/** The same without its sound. */
export function withoutSound(response: AudioResponse): AudioResponse {
  return { ...response, ...SILENT };
}

function spoken({ speech }: Reply): Pick<AudioResponse, "responseAudio" | "audioFormat" | "audioDuration"> {
  if (speech === undefined || speech.pcm.length === 0) return SILENT;
  const { pcm, sampleRateHz } = speech;
  return { responseAudio: wavOf(pcm, sampleRateHz), audioFormat: "wav", audioDuration: pcm.length / sampleRateHz };
}
