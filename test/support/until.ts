// Waiting for what other processes do.
const LIMIT_MS = 10_000;

/** Looks again and again. @returns what was seen first that is something. @throws Error after 10 s */
export async function until<T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (const limitMs = performance.now() + LIMIT_MS; performance.now() < limitMs; await Bun.sleep(10)) {
    const seen = await look();
    if (seen !== undefined) return seen;
  }
  throw new Error(`not within ${LIMIT_MS} ms: ${what}`);
}
