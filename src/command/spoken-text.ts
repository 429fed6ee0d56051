/** What somebody said, or is to be told, as it came from outside. */

/** More than anybody says in the time that a command may last, or listens to. */
const MOST_CHARACTERS = 4_000;

/** @returns one line without control characters, of 4,000 characters at most */
export function spokenText(text: string): string {
  return text
    .slice(0, MOST_CHARACTERS * 2)
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, " ")
    .trim()
    .slice(0, MOST_CHARACTERS);
}
