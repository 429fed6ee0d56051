// Ports for programs that a test starts.

/** Below those that systems give to whoever does not mind: nobody takes one of these between its choice and its use. */
const FIRST = 12_000;
const BEHIND_LAST = 32_000;

let next = FIRST + Math.floor(Math.random() * (BEHIND_LAST - FIRST));

/** A port that nothing listens on now, another one each time. */
export function freePort(): number {
  for (;;) {
    const port = next;
    next = next + 1 < BEHIND_LAST ? next + 1 : FIRST;
    try {
      Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } }).stop(true);
      return port;
    } catch {
      // Somebody listens there.
    }
  }
}
