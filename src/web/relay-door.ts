/** `/relay`: the WebSocket of Earshot's relay protocol, for whoever the guard lets in. */
import type { Context, MiddlewareHandler } from "hono";
import { getConnInfo, upgradeWebSocket } from "hono/bun";
import type { ConnectedRelays } from "../relay/connected-relays.ts";
import type { HubSession } from "../relay/hub-session.ts";
import type { RelaySocket } from "../relay/relay-outlet.ts";
import type { KnownToken } from "../relay/token-file.ts";
import { addressOf, type Guard } from "./guard.ts";
import { WebError } from "./web-error.ts";

/** What Bun's WebSocket has beside the web's. */
interface BunSocket {
  getBufferedAmount(): number;
  terminate(): void;
}

/** @param relays throws on a machine that takes none */
export function relayDoor(relays: () => ConnectedRelays, guard: Guard): MiddlewareHandler {
  const upgrade = upgradeWebSocket((context) => {
    const token = context.get("relayToken") as KnownToken | undefined;
    // Nobody knows any more once it is a WebSocket.
    const peer = peerOf(context);
    let session: HubSession | undefined;
    return {
      onOpen: (_event, socket) => {
        session = relays().open(socketOf(socket), peer, token);
      },
      onMessage: ({ data }) => {
        if (typeof data === "string") session?.receive(data);
        else if (data instanceof ArrayBuffer) session?.receive(new Uint8Array(data));
      },
      onClose: () => {
        if (session !== undefined) relays().close(session);
      },
    };
  });
  return async (context, next) => {
    const taking = relays();
    context.set("relayToken", guard.relay(context));
    if (!taking.hasRoomFor(addressOf(context))) {
      throw new WebError(
        503,
        "too_many_strangers",
        "too many connections have not said hello",
        "say hello, or try later",
      );
    }
    return upgrade(context, next);
  };
}

function peerOf(context: Context): string {
  const { address = "unknown", port } = getConnInfo(context).remote;
  return `${address.includes(":") ? `[${address}]` : address}:${port ?? "?"}`;
}

function socketOf(socket: {
  readonly raw?: unknown;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
}): RelaySocket {
  const raw = socket.raw as BunSocket | undefined;
  return {
    send: (data) => socket.send(data),
    close: (code, reason) => socket.close(code, reason),
    terminate: () => raw?.terminate(),
    get bufferedBytes() {
      return raw?.getBufferedAmount() ?? 0;
    },
  };
}
