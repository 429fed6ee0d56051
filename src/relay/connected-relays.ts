/** All connections of relays to this hub: numbers them, looks at the clock for them, and sends away whose token is gone. */
import { HubSession } from "./hub-session.ts";
import { CLOSE, RETRY_MS, STRANGERS, STRANGERS_PER_ADDRESS } from "./limits.ts";
import type { RelayHandler } from "./relay-handler.ts";
import type { RelaySocket } from "./relay-outlet.ts";
import type { KnownToken } from "./token-file.ts";

export interface ConnectedRelaysOptions {
  readonly handler: RelayHandler;
  readonly monotonicMs: () => number;
  readonly hubName: () => string;
  /** Numbers connections as they come, those of other protocols too. */
  readonly nextConnection: () => number;
}

export class ConnectedRelays {
  readonly #options: ConnectedRelaysOptions;
  readonly #sessions = new Map<number, { readonly session: HubSession; readonly token: KnownToken | undefined }>();

  constructor(options: ConnectedRelaysOptions) {
    this.#options = options;
  }

  /** All whose socket is open, those too that have not said hello. */
  get sessions(): readonly HubSession[] {
    return [...this.#sessions.values()].map(({ session }) => session);
  }

  /** Whether one more may come from an IP address that has said no hello yet: they cost, and nobody knows who they are. */
  hasRoomFor(address: string): boolean {
    const greeting = this.sessions.filter(({ phase }) => phase === "greeting");
    const prefix = `${address.includes(":") ? `[${address}]` : address}:`;
    const theirs = greeting.filter((session) => session.address.startsWith(prefix));
    return greeting.length < STRANGERS && theirs.length < STRANGERS_PER_ADDRESS;
  }

  /** The session of a socket that was accepted. Hand it what comes, and {@link close} it when the socket is closed. */
  open(socket: RelaySocket, address: string, token: KnownToken | undefined): HubSession {
    const { handler, monotonicMs, hubName, nextConnection } = this.#options;
    const session = new HubSession({
      ...{ socket, handler, monotonicMs, address },
      connection: nextConnection(),
      tokenName: token?.name,
      hubName: hubName(),
    });
    this.#sessions.set(session.connection, { session, token });
    return session;
  }

  close(session: HubSession): void {
    if (this.#sessions.delete(session.connection)) session.closed();
  }

  /** By the number of its connection, which arbitration calls it by. */
  of(connection: number): HubSession | undefined {
    return this.#sessions.get(connection)?.session;
  }

  /** Every `TICK_MS` of limits.ts. */
  tick(): void {
    for (const session of this.sessions) session.tick();
  }

  /** Sends away whose token is not among these any more. */
  keepOnly(tokens: readonly KnownToken[]): void {
    const hashes = new Set(tokens.map(({ sha256 }) => sha256));
    for (const { session, token } of [...this.#sessions.values()]) {
      if (token === undefined || hashes.has(token.sha256)) continue;
      const hint = "pair it again: earshot token add NAME";
      session.dismiss({ code: "revoked", message: "the token was revoked", hint, retryAfterMs: RETRY_MS.muchLater });
    }
  }

  /** The hub ends: relays come again soon. */
  dismissAll(): void {
    for (const session of this.sessions) {
      const farewell = {
        code: "hub_ends",
        message: "the hub ends",
        hint: "it may start again: dial it again",
        retryAfterMs: RETRY_MS.soon,
      };
      session.dismiss(farewell, CLOSE.hubEnds);
    }
  }
}
