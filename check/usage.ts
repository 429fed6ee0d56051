/** What the command lines of the checks have in common. */

/** A command line that makes no sense. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The number behind a flag. @throws UsageError */
export function wholeNumber(flag: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least)
    throw new UsageError(`--${flag} takes a whole number from ${least} on, not "${text}"`);
  return value;
}
