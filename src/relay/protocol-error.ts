/** What one end of the relay protocol cannot accept from the other: becomes an `error`, or the reason of a farewell. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
  constructor(
    readonly code: string,
    message: string,
    /** What the other end can do about it. */
    readonly hint: string,
  ) {
    super(message);
  }

  /** As the last words to the other end. */
  farewell(retryAfterMs: number): { code: string; message: string; hint: string; retryAfterMs: number } {
    const { code, message, hint } = this;
    return { code, message, hint, retryAfterMs };
  }
}
