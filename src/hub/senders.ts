/** Those who send their sound by a request without an end: relays that can do nothing else, for which the hub listens. */
import type { Hub } from "./hub.ts";
import type { HubEars } from "./hub-ears.ts";
import type { RemoteStream, RemoteStreams, StreamEnd } from "./remote-streams.ts";
import type { RelayVoice, Seat } from "./seat.ts";

/** What a sender sent last is heard within this. */
const HEARD_OUT_MS = 1000;

export interface SendersOptions {
  readonly hub: Hub;
  readonly ears: HubEars;
  readonly streams: RemoteStreams;
  readonly monotonicMs: () => number;
}

interface Leaving {
  readonly relayId: string;
  readonly connection: number;
  readonly stream: number;
  readonly atMs: number;
}

export class Senders {
  readonly #options: SendersOptions;
  /** Senders that are gone, and whose last words may still be heard. */
  readonly #leaving: Leaving[] = [];

  constructor(options: SendersOptions) {
    this.#options = options;
  }

  open(id: string, address: string): RemoteStream | StreamEnd {
    const { hub, ears, streams, monotonicMs } = this.#options;
    const stream = streams.open(id, address);
    if ("code" in stream) return stream;
    const connection = hub.nextConnection();
    ears.open(stream.stream, id, connection);
    const voice: RelayVoice = {
      ...ears.voice(stream.stream),
      displaced: () => stream.end({ code: "replaced" }),
    };
    const seat: Seat = {
      ...{ id, connection, kind: "sender", address, software: "", voice, stream: stream.stream },
      sinceMs: monotonicMs(),
    };
    const refusal = hub.join(seat, { onset: true, ask: true });
    if (refusal !== undefined) {
      ears.close(stream.stream, connection);
      stream.close();
      return refusal.why === "name_of_hub" ? { code: refusal.why } : { code: "too_many_relays", most: refusal.limit };
    }
    return {
      stream: stream.stream,
      push: (bytes, heardToMs) => stream.push(bytes, heardToMs),
      ended: stream.ended,
      end: (why) => stream.end(why),
      close: () => {
        stream.close();
        this.#leaving.push({ relayId: id, connection, stream: stream.stream, atMs: monotonicMs() + HEARD_OUT_MS });
      },
    };
  }

  /** Lets go of those whose last words were heard. */
  look(nowMs: number): void {
    const { hub, ears } = this.#options;
    for (let first = this.#leaving[0]; first !== undefined && nowMs >= first.atMs; first = this.#leaving[0]) {
      const { relayId, connection, stream } = first;
      this.#leaving.shift();
      hub.leave({ relayId, connection }, "closed");
      ears.close(stream, connection);
    }
  }
}
