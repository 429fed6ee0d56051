/** `/relay`: the WebSocket of Earshot's relay protocol, for whoever has a token. */
import type { Context, MiddlewareHandler } from "hono";
import { getConnInfo, upgradeWebSocket } from "hono/bun";
import type { ConnectedRelays } from "../relay/connected-relays.ts";
import type { HubSession } from "../relay/hub-session.ts";
import type { RelaySocket } from "../relay/relay-outlet.ts";
import type { KnownToken } from "../relay/token-file.ts";
import { checkUpgrade, type UpgradeRules } from "../relay/upgrade.ts";
import { WebError } from "./web-error.ts";

/** What Bun's WebSocket has beside the web's. */
interface BunSocket {
  getBufferedAmount(): number;
  terminate(): void;
}

export function relayDoor(relays: ConnectedRelays, rules: () => UpgradeRules): MiddlewareHandler {
  const upgrade = upgradeWebSocket((context) => {
    const token = context.get("relayToken") as KnownToken | undefined;
    // Nobody knows any more once it is a WebSocket.
    const peer = peerOf(context);
    let session: HubSession | undefined;
    return {
      onOpen: (_event, socket) => {
        session = relays.open(socketOf(socket), peer, token);
      },
      onMessage: ({ data }) => {
        if (typeof data === "string") session?.receive(data);
        else if (data instanceof ArrayBuffer) session?.receive(new Uint8Array(data));
      },
      onClose: () => {
        if (session !== undefined) relays.close(session);
      },
    };
  });
  return async (context, next) => {
    const { address = "" } = getConnInfo(context).remote;
    const checked = checkUpgrade({ address, header: (name) => context.req.header(name) }, rules());
    if (checked.kind === "refused") throw new WebError(checked.status, checked.code, checked.message, checked.hint);
    context.set("relayToken", checked.token);
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
