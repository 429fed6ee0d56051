/** Dials a hub as a program does: where that takes no WebSocket, it finds out why. */
import { dialWebSocket } from "./dial.ts";
import type { HubSocket, HubSocketEvents } from "./relay-client.ts";
import { type Refusal, whyRefused } from "./why-refused.ts";

/** Counted by the hub as guesses: a house behind one address has few of them. */
const GUESSES = ["wrong_token", "too_many_tries"];

/**
 * After a token that was none it asks before it dials: each try stays one guess for the hub, which would shut out
 * everybody at this address otherwise.
 *
 * @returns keep it for all connections: it remembers what the hub said last
 */
export function hubDialler(
  dial: typeof dialWebSocket = dialWebSocket,
  ask: typeof whyRefused = whyRefused,
): (url: string, token: string | undefined, authority: string | undefined) => (events: HubSocketEvents) => HubSocket {
  let last: Refusal | undefined;
  return (url, token, authority) => (events) => {
    let socket: HubSocket | undefined;
    let given = false;
    const refuse = async (otherwise: () => void): Promise<void> => {
      const refusal = await ask(url, token, authority);
      // What was wrong before the hub had enough of it is what somebody can mend.
      if (refusal?.code !== "too_many_tries" || last === undefined) last = refusal;
      if (last === undefined) otherwise();
      else events.closed(`${url}: ${last.message}`, last);
    };
    const open = () => {
      if (given) return;
      let opened = false;
      socket = dial(
        url,
        token,
        authority,
      )({
        ...events,
        opened: () => {
          opened = true;
          last = undefined;
          events.opened();
        },
        closed: (why) => {
          if (opened) events.closed(why);
          else void refuse(() => events.closed(`${why}, though a request is let in: does a proxy stop WebSockets?`));
        },
      });
    };
    if (last !== undefined && GUESSES.includes(last.code)) void refuse(open);
    else open();
    return {
      send: (data) => socket?.send(data),
      close: () => {
        given = true;
        socket?.close();
      },
      get bufferedBytes() {
        return socket?.bufferedBytes ?? 0;
      },
    };
  };
}
