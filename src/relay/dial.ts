/** Dials a hub with a WebSocket. */
import { SUBPROTOCOL } from "./limits.ts";
import type { HubSocket, HubSocketEvents } from "./relay-client.ts";

/** Bun's can be closed without waiting for the other end; a browser's cannot. */
type AnyWebSocket = WebSocket & { readonly terminate?: () => void };

/** What Bun's WebSocket takes beside the web's. */
interface BunWebSocketOptions {
  readonly protocols: string[];
  readonly tls: { readonly ca: string };
}

/**
 * For Bun and browsers alike: the token goes into a subprotocol, because a browser lets nobody set headers.
 *
 * @param url of the hub's relay door: `ws://hub:7171/relay`
 * @param token undefined where the hub is this machine and wants none
 * @param authority PEM of the only one to believe about the hub's certificate (`earshot-ca.crt` of the hub); without it,
 *   those that Bun or the browser knows. Not in a browser
 */
export function dialWebSocket(
  url: string,
  token: string | undefined,
  authority?: string,
): (events: HubSocketEvents) => HubSocket {
  const protocols = [SUBPROTOCOL, ...(token === undefined ? [] : [`token.${token}`])];
  const trusting: BunWebSocketOptions | undefined =
    authority === undefined ? undefined : { protocols, tls: { ca: authority } };
  return (events) => {
    const socket: AnyWebSocket = new WebSocket(url, (trusting ?? protocols) as string[]);
    socket.binaryType = "arraybuffer";
    let opened = false;
    socket.onopen = () => {
      opened = true;
      events.opened();
    };
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      events.message(typeof data === "string" ? data : new Uint8Array(data));
    };
    socket.onclose = ({ code, reason }) => {
      const why = reason || `closed with code ${code}`;
      // What a server answers to an upgrade that it refuses, no WebSocket tells.
      events.closed(opened ? why : `no hub that takes this relay at ${url} (${why})`);
    };
    return {
      send: (data) => socket.send(data),
      close: () => {
        if (socket.terminate === undefined) socket.close();
        else socket.terminate();
      },
      get bufferedBytes() {
        return socket.bufferedAmount;
      },
    };
  };
}
