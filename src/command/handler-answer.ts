/** What a webhook answers when it has acted on a command: JSON with all of its keys optional. */
import { z } from "zod";
import { type Answer, jsonOf } from "./ask-server.ts";
import type { ErrorWords } from "./failure.ts";
import type { CommandLog } from "./patience.ts";
import { type Handled, SinkError, type Sound } from "./sink.ts";
import { soundFrom } from "./sound-from.ts";
import { spokenText } from "./spoken-text.ts";

/** Of an answer with sound in it. */
export const MOST_HANDLER_BYTES = 12 << 20;

const OPENING_BRACE = 0x7b;

const answerSchema = z.object({
  /** What was said, if it found that out. */
  transcript: z.string().nullish(),
  /** For the person. */
  text: z.string().nullish(),
  /** What it took the command for. */
  command: z.string().nullish(),
  /** The text is a question, and the person's answer is awaited. */
  confirm: z.boolean().nullish(),
  /** The text as a sound file in base64. */
  audio: z.string().nullish(),
});

export interface HandlerAnswer {
  readonly transcript: string;
  readonly handled: Handled;
  /** It says what was said and nothing else: somebody else has to act on it. */
  readonly isTranscriptOnly: boolean;
}

/**
 * A text whose sound cannot be played goes on without it, with a line in the log: its handler has acted.
 * @param id the command's
 * @throws SinkError when it is not of this form, or has no text and sound that cannot be played
 */
export async function handlerAnswer(
  answer: Answer,
  words: ErrorWords,
  { id, log }: { readonly id: string; readonly log: CommandLog },
): Promise<HandlerAnswer> {
  const said = isJson(answer) ? jsonOf(answer, words) : {};
  const parsed = answerSchema.safeParse(said);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0] ?? { path: [], message: "" };
    const what = path.length === 0 ? "" : ` in "${path.join(".")}"`;
    throw new SinkError("bad_answer", `${words.server} answered in another form${what}: ${message}`, words.hint);
  }
  const { confirm, audio } = parsed.data;
  const transcript = spokenText(parsed.data.transcript ?? "");
  const text = spokenText(parsed.data.text ?? "");
  const command = spokenText(parsed.data.command ?? "");
  const asks = confirm ?? false;
  const hasSound = audio !== null && audio !== undefined && audio !== "";
  let speech: Sound | undefined;
  try {
    if (hasSound) speech = await soundFrom(Buffer.from(audio, "base64"), words);
  } catch (error) {
    if (!(error instanceof SinkError) || text === "") throw error;
    log.warn("sound of an answer left out", { command: id, error: error.message, hint: error.hint });
  }
  return {
    transcript,
    handled: { text, command, asks, speech },
    isTranscriptOnly: transcript !== "" && text === "" && command === "" && !asks && !hasSound,
  };
}

/** Many say nothing of what they send, and many send a word such as "ok". */
function isJson({ type, bytes }: Answer): boolean {
  return bytes.length > 0 && (type === "application/json" || bytes[0] === OPENING_BRACE);
}
