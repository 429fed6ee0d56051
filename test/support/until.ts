// Waiting for what other processes do.
import { HeldUp } from "./held-up.ts";

const LIMIT_MS = 10_000;

/**
 * Looks again and again. @returns what was seen first that is something.
 * @throws Error after 10 s, not counting what a busy machine withheld from the tests
 */
export async function until<T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  using time = new HeldUp();
  for (; !time.isOver(LIMIT_MS); await Bun.sleep(10)) {
    const seen = await look();
    if (seen !== undefined) return seen;
  }
  throw new Error(`not within ${LIMIT_MS} ms: ${what}`);
}
