/** A recogniser hears the wake word too, since sound goes to it from before the word on; whoever acts on a command does not want it. */

/**
 * @param model the wake word's name, as `hey_jarvis`
 * @returns what was said behind the word, if the transcript begins with it; else all of it. Case, punctuation and where words
 * are parted do not count: "Hey, Jar vis: stop" is "stop"
 */
export function withoutWakeWord(transcript: string, model: string): string {
  const word = lettersOf(model);
  let heard = "";
  for (const { 0: part, index } of transcript.matchAll(/[\p{L}\p{M}\p{N}]+/gu)) {
    heard += lettersOf(part);
    if (heard === word) return transcript.slice(index + part.length).replace(/^[\p{P}\p{S}\s]+/u, "");
    if (!word.startsWith(heard)) break;
  }
  return transcript;
}

function lettersOf(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{M}\p{N}]/gu, "");
}
