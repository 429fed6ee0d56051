/** What a webhook answers when it has acted on a command: JSON with all of its keys optional. */
import { z } from "zod";
import { type Answer, jsonOf } from "./ask-server.ts";
import type { ErrorWords } from "./failure.ts";
import { type Handled, SinkError } from "./sink.ts";
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
  audio: z.base64().nullish(),
});

/** @throws SinkError when it is not of this form, or its sound is none */
export async function handlerAnswer(
  answer: Answer,
  words: ErrorWords,
): Promise<{ readonly transcript: string; readonly handled: Handled }> {
  const said = isJson(answer) ? jsonOf(answer, words) : {};
  const parsed = answerSchema.safeParse(said);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0] ?? { path: [], message: "" };
    const what = path.length === 0 ? "" : ` in "${path.join(".")}"`;
    throw new SinkError("bad_answer", `${words.server} answered in another form${what}: ${message}`, words.hint);
  }
  const { transcript, text, command, confirm, audio } = parsed.data;
  const encoded = audio === null || audio === undefined || audio === "" ? undefined : audio;
  return {
    transcript: spokenText(transcript ?? ""),
    handled: {
      text: spokenText(text ?? ""),
      command: spokenText(command ?? ""),
      asks: confirm ?? false,
      speech: encoded === undefined ? undefined : await soundFrom(Buffer.from(encoded, "base64"), words),
    },
  };
}

/** Many say nothing of what they send, and many send a word such as "ok". */
function isJson({ type, bytes }: Answer): boolean {
  return bytes.length > 0 && (type === "application/json" || bytes[0] === OPENING_BRACE);
}
