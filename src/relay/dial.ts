/** Dials a hub with a WebSocket. */
import { SUBPROTOCOL } from "./limits.ts";
import type { HubSocket, HubSocketEvents } from "./relay-client.ts";

/** Bun's can be closed without waiting for the other end; a browser's cannot. */
type AnyWebSocket = WebSocket & { readonly terminate?: () => void };

/**
 * For Bun and browsers alike: the token goes into a subprotocol, because a browser lets nobody set headers.
 *
 * @param url of the hub's relay door: `ws://hub:7171/relay`
 * @param token undefined where the hub is this machine and wants none
 */
export function dialWebSocket(url: string, token: string | undefined): (events: HubSocketEvents) => HubSocket {
  const subprotocols = [SUBPROTOCOL, ...(token === undefined ? [] : [`token.${token}`])];
  return (events) => {
    const socket: AnyWebSocket = new WebSocket(url, subprotocols);
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
      events.closed(
        opened ? why : `no hub that takes this relay at ${url} (${why}): is it running, is the token right?`,
      );
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

/** `http://hub:7171`, `hub:7171` or `ws://hub:7171/relay` as the WebSocket's address. @throws TypeError when it is none */
export function relayUrl(hub: string): string {
  const url = new URL(/^[a-z]+:\/\//i.test(hub) ? hub : `ws://${hub}`);
  url.protocol = { "http:": "ws:", "https:": "wss:" }[url.protocol] ?? url.protocol;
  if (url.protocol !== "ws:" && url.protocol !== "wss:") throw new TypeError(`"${hub}" is not the address of a hub`);
  if (url.pathname === "/") url.pathname = "/relay";
  return url.href;
}
