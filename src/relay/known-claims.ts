/** Which claims were made on a connection: numbers rise, and one that comes again is the same claim. */
import { KNOWN_CLAIMS } from "./limits.ts";
import { ProtocolError } from "./protocol-error.ts";

export class KnownClaims {
  /** In the order in which they were first made. */
  readonly #numbers = new Set<number>();
  #newest = 0;

  /** @throws ProtocolError for a number below the newest that was never made, or too long ago */
  make(claim: number): void {
    if (claim > this.#newest) {
      this.#newest = claim;
      this.#numbers.add(claim);
      for (const old of this.#numbers) if (this.#numbers.size > KNOWN_CLAIMS) this.#numbers.delete(old);
    }
    this.mustHave(claim);
  }

  /** @throws ProtocolError */
  mustHave(claim: number): void {
    if (this.#numbers.has(claim)) return;
    const newest = this.#newest === 0 ? "none was made" : `the newest is ${this.#newest}`;
    throw new ProtocolError(
      "no_claim",
      `claim ${claim} was not made on this connection, or long ago: ${newest}`,
      "numbers of claims rise; what belongs to a claim comes behind it",
    );
  }
}
