/**
 * The house of relays within the web worker: arbitration, those for whom the hub listens, and the connections of Earshot's
 * own protocol, put together.
 */
import { Arbiter } from "../arbitration/arbiter.ts";
import { POLICIES } from "../arbitration/policies/by-name.ts";
import type { RelayFacts } from "../arbitration/relay.ts";
import { type Config, DEFAULT_ZONE } from "../config/schema.ts";
import { Hub } from "../hub/hub.ts";
import { HubEars } from "../hub/hub-ears.ts";
import { type RemoteStream, RemoteStreams, type StreamEnd } from "../hub/remote-streams.ts";
import type { Seat } from "../hub/seat.ts";
import type { SharedMemory } from "../memory/shared-memory.ts";
import { ConnectedRelays } from "../relay/connected-relays.ts";
import { TICK_MS } from "../relay/limits.ts";
import { RelayDesk } from "../relay/relay-desk.ts";
import type { House } from "./house.ts";
import { roundView } from "./round-view.ts";
import type { ArbitrationView, RelayView } from "./schemas.ts";

/** Of a microphone of which nothing is known: they differ by several dB. What a person entered is taken for certain. */
const UNKNOWN_GAIN = { db: 0, uncertaintyDb: 4 };
/** What a sender sent last is heard within this. */
const HEARD_OUT_MS = 1000;
/** While somebody waits for an answer, looks are this far apart. */
const ASKED_MS = 20;

export interface RelaysOptions {
  readonly memory: SharedMemory;
  readonly config: () => Config;
  readonly monotonicMs: () => number;
  readonly unixMs: () => number;
  readonly hostName: string;
  readonly house: () => House;
  readonly log: { info(event: string, fields: Record<string, unknown>): void };
}

export class Relays {
  readonly connected: ConnectedRelays;
  readonly #options: RelaysOptions;
  readonly #arbiter: Arbiter;
  readonly #hub: Hub;
  readonly #ears: HubEars;
  readonly #streams: RemoteStreams;
  readonly #desk: RelayDesk;
  /** Commands that nobody but time ends yet, by fence. */
  readonly #ends = new Map<number, { readonly relayId: string; readonly connection: number; readonly atMs: number }>();
  /** Senders that are gone, and whose last words may still be heard. */
  readonly #leaving: {
    readonly relayId: string;
    readonly connection: number;
    readonly stream: number;
    readonly atMs: number;
  }[] = [];
  #configuration = "";
  #ticksAtMs = 0;

  constructor(options: RelaysOptions) {
    this.#options = options;
    const { memory, monotonicMs, log, house, config } = options;
    // A fence must be above all that a predecessor gave: its clock is, and it gives one a millisecond at most.
    this.#arbiter = new Arbiter({ ...this.#rules(), firstFence: Math.floor(monotonicMs()) });
    this.#streams = new RemoteStreams({ memory, monotonicMs, muted: () => house().muted, log });
    this.#hub = new Hub({
      arbiter: this.#arbiter,
      monotonicMs,
      // Whoever looks sleeps until what was due when it last looked.
      sooner: () => memory.webBell.ring(),
      factsOf: (seat, can) => this.#factsOf(seat, can),
      events: {
        contended: ({ relayId, model, confidence }) => house().contend(model, this.#sourceOf(relayId), confidence),
        granted: ({ relayId, model, confidence, fence }) => {
          house().wake(model, this.#sourceOf(relayId), confidence);
          const connection = this.#hub.seats.get(relayId)?.connection ?? 0;
          this.#ends.set(fence, { relayId, connection, atMs: monotonicMs() + config().activation.hold });
        },
        over: (fence) => this.#ends.delete(fence),
      },
      log,
    });
    this.#ears = new HubEars({ memory, hub: this.#hub, monotonicMs });
    this.#desk = new RelayDesk({
      hub: this.#hub,
      ears: this.#ears,
      monotonicMs,
      placeOf: (id) => {
        const { room, zone = DEFAULT_ZONE } = config().relays[id] ?? {};
        return { room, zone };
      },
      openStream: (name, address) => this.#streams.open(name, address),
    });
    this.connected = new ConnectedRelays({
      handler: this.#desk,
      monotonicMs,
      hubName: () => config().name ?? options.hostName,
      nextConnection: () => this.#hub.nextConnection(),
    });
    this.#joinLocal();
  }

  /** With each look at the house, and whenever {@link wakeInMs} is over. */
  look(): void {
    const nowMs = this.#options.monotonicMs();
    this.#followConfiguration();
    this.#ears.look();
    if (nowMs >= this.#ticksAtMs) {
      this.#ticksAtMs = nowMs + TICK_MS;
      this.connected.tick();
    }
    for (const [fence, { relayId, connection, atMs }] of this.#ends) {
      if (nowMs < atMs) continue;
      this.#ends.delete(fence);
      this.connected.of(connection)?.tell({ type: "enough", fence });
      this.#hub.tell({ type: "finished", relayId, connection, fence });
    }
    while (this.#leaving[0] !== undefined && nowMs >= this.#leaving[0].atMs) {
      const { relayId, connection, stream } = this.#leaving[0];
      this.#leaving.shift();
      this.#hub.leave({ relayId, connection }, "closed");
      this.#ears.close(stream, connection);
    }
    if (nowMs >= this.#hub.wakeAtMs) this.#hub.tell({ type: "tick" });
  }

  /** When to look again at the latest. */
  get wakeInMs(): number {
    const nowMs = this.#options.monotonicMs();
    const asked = this.#ears.isAsked ? ASKED_MS : TICK_MS;
    return Math.max(1, Math.min(asked, this.#hub.wakeAtMs - nowMs));
  }

  /** Somebody ends what is stuck: rounds and commands too. */
  reset(): void {
    this.#hub.tell({ type: "reset", zone: undefined });
  }

  /** A wake word that inference heard. */
  heard(word: Parameters<HubEars["heard"]>[0]): void {
    this.#ears.heard(word);
  }

  /** Sound that comes by a request without an end: a relay that can do nothing else. */
  openSender(id: string, address: string): RemoteStream | StreamEnd {
    const stream = this.#streams.open(id, address);
    if ("code" in stream) return stream;
    const connection = this.#hub.nextConnection();
    this.#ears.open(stream.stream, id, connection);
    const voice = this.#ears.voice(stream.stream);
    const seat: Seat = {
      ...{ id, connection, kind: "sender", address, software: "", voice, stream: stream.stream },
      sinceMs: this.#options.monotonicMs(),
    };
    const refusal = this.#hub.join(seat, { onset: true, ask: true });
    if (refusal !== undefined) {
      this.#ears.close(stream.stream, connection);
      stream.close();
      return refusal.why === "name_of_hub" ? { code: refusal.why } : { code: "too_many_relays", most: refusal.limit };
    }
    return {
      stream: stream.stream,
      push: (bytes) => stream.push(bytes),
      close: () => {
        stream.close();
        const atMs = this.#options.monotonicMs() + HEARD_OUT_MS;
        this.#leaving.push({ relayId: id, connection, stream: stream.stream, atMs });
      },
    };
  }

  arbitration(): ArbitrationView {
    const { window, max_relays, policy } = this.#options.config().arbitration;
    const { monotonicMs, unixMs } = this.#options;
    const rounds = [...this.#hub.rounds]
      .reverse()
      .map((round) => roundView(round, Math.round(unixMs() - (monotonicMs() - round.openedAtMs))));
    return { windowMs: window, maxRelays: max_relays, policy, rounds };
  }

  relays(): RelayView[] {
    const { monotonicMs, unixMs } = this.#options;
    return [...this.#hub.seats.values()].map((seat) => {
      const relay = this.#arbiter.relays.get(seat.id);
      const telemetry = this.#desk.telemetryOf(seat.connection);
      return {
        id: seat.id,
        kind: seat.kind,
        address: seat.address ?? null,
        software: seat.software,
        room: relay?.facts.room ?? null,
        zone: relay?.facts.zone ?? DEFAULT_ZONE,
        status: relay?.status ?? 0,
        detects: seat.stream === undefined,
        delayMs: relay?.delay === undefined ? null : Math.round(relay.delay.meanMs * 10) / 10,
        rms: telemetry?.rms ?? null,
        since: Math.round(unixMs() - (monotonicMs() - seat.sinceMs)),
      };
    });
  }

  close(): void {
    this.connected.dismissAll();
  }

  #joinLocal(): void {
    const { hostName, config, monotonicMs } = this.#options;
    const id = config().name ?? hostName;
    const connection = this.#hub.nextConnection();
    this.#ears.open(0, id, connection);
    const seat: Seat = {
      ...{ id, connection, kind: "local", address: undefined, software: "", stream: 0 },
      voice: this.#ears.voice(0),
      sinceMs: monotonicMs(),
    };
    this.#hub.join(seat, { onset: true, ask: true });
  }

  #rules() {
    const { window: windowMs, max_relays: maxRelays, policy } = this.#options.config().arbitration;
    return { policy: POLICIES[policy], settings: { windowMs, maxRelays } };
  }

  #followConfiguration(): void {
    const { arbitration, relays } = this.#options.config();
    const configuration = JSON.stringify([arbitration, relays]);
    if (configuration === this.#configuration) return;
    this.#configuration = configuration;
    this.#arbiter.configure(this.#rules());
    this.#hub.refreshFacts();
  }

  #factsOf({ id, kind }: Pick<Seat, "id" | "kind">, can: RelayFacts["can"]): RelayFacts {
    const { room, zone = DEFAULT_ZONE, gain, preference = 0, least_level } = this.#options.config().relays[id] ?? {};
    return {
      ...{ id, room, zone, can },
      local: kind === "local",
      gain: gain === undefined ? UNKNOWN_GAIN : { db: gain, uncertaintyDb: 0 },
      preferenceDb: preference,
      leastLevelDb: least_level,
      disbelieved: false,
    };
  }

  /** What the page calls it: nothing for this machine's own microphone. */
  #sourceOf(relayId: string): string {
    return this.#hub.seats.get(relayId)?.kind === "local" ? "" : relayId;
  }
}
