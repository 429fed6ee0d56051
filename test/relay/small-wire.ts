// A network for tests: a hub and relays in one process, with a clock that a test turns. What is sent takes time, and may be
// lost, doubled, overtaken or held back; a connection may be cut at one end and not at the other.
import { ConnectedRelays } from "../../src/relay/connected-relays.ts";
import type { HubSession } from "../../src/relay/hub-session.ts";
import { TICK_MS } from "../../src/relay/limits.ts";
import {
  type HubSocket,
  type HubSocketEvents,
  RelayClient,
  type RelayClientOptions,
} from "../../src/relay/relay-client.ts";
import type { RelayEvent } from "../../src/relay/relay-events.ts";
import type { RelayHandler } from "../../src/relay/relay-handler.ts";
import type { Hop, RelayIdentity } from "../../src/relay/relay-session.ts";
import { SmallHub } from "./small-hub.ts";

export class World {
  nowMs = 0;
  /** By time; those of the same time in the order in which they were planned. */
  readonly #events: { readonly atMs: number; readonly run: () => void }[] = [];

  after(ms: number, run: () => void): void {
    const event = { atMs: this.nowMs + ms, run };
    let at = this.#events.length;
    while (at > 0 && (this.#events[at - 1]?.atMs ?? 0) > event.atMs) at--;
    this.#events.splice(at, 0, event);
  }

  every(ms: number, run: () => void): void {
    this.after(ms, () => {
      run();
      this.every(ms, run);
    });
  }

  pass(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (let due = this.#events[0]; due !== undefined && due.atMs <= untilMs; due = this.#events[0]) {
      this.#events.shift();
      this.nowMs = Math.max(this.nowMs, due.atMs);
      due.run();
    }
    this.nowMs = untilMs;
  }
}

type Data = string | Uint8Array;

/** What becomes of a message: after how many ms each copy arrives; none for one that is lost. */
export type Weather = (data: Data, direction: "to hub" | "to relay") => readonly number[];

export const CALM: Weather = () => [2];

interface Line {
  readonly session: HubSession;
  readonly events: HubSocketEvents;
  hubOpen: boolean;
  relayOpen: boolean;
  /** Nothing gets through any more, and nobody is told. */
  dead: boolean;
}

export interface SmallNet<Hub extends RelayHandler = SmallHub> {
  readonly world: World;
  readonly hub: Hub;
  readonly lines: Line[];
  weather: Weather;
  /** Whether the hub can be dialled. */
  reachable: boolean;
  relays: ConnectedRelays;
  readonly dial: RelayClientOptions["dial"];
  /** The newest line of a relay. */
  line(): Line;
  /** The hub's program ends and another begins, which knows of nothing. */
  restartHub(): void;
  inject(data: Data, direction: "to hub" | "to relay"): void;
}

export function smallNet(): SmallNet {
  return netOf(new SmallHub());
}

export function netOf<Hub extends RelayHandler>(hub: Hub): SmallNet<Hub> {
  const world = new World();
  const newRelays = () => {
    let connections = 0;
    const nextConnection = () => ++connections;
    return new ConnectedRelays({ handler: hub, monotonicMs: () => world.nowMs, hubName: () => "hall", nextConnection });
  };
  const lines: Line[] = [];
  const net: SmallNet<Hub> = {
    world,
    hub,
    lines,
    weather: CALM,
    reachable: true,
    relays: newRelays(),
    dial: (events) => dialled(events),
    line: () => {
      const line = lines.at(-1);
      if (line === undefined) throw new Error("nobody has dialled");
      return line;
    },
    restartHub: () => {
      for (const line of lines) {
        if (line.hubOpen) hangUpAtHub(line);
        if (line.relayOpen && !line.dead) hangUpAtRelay(line, "the hub ended");
      }
      net.relays = newRelays();
    },
    inject: (data, direction) => {
      const line = net.line();
      if (direction === "to hub" && line.hubOpen) line.session.receive(data);
      if (direction === "to relay" && line.relayOpen) line.events.message(data);
    },
  };
  const hangUpAtHub = (line: Line) => {
    line.hubOpen = false;
    net.relays.close(line.session);
  };
  const hangUpAtRelay = (line: Line, why: string) => {
    line.relayOpen = false;
    line.events.closed(why);
  };
  const carry = (line: Line, data: Data, direction: "to hub" | "to relay") => {
    if (line.dead) return;
    const copy = typeof data === "string" ? data : data.slice();
    for (const ms of net.weather(data, direction)) {
      world.after(ms, () => {
        if (line.dead) return;
        if (direction === "to hub" && line.hubOpen) line.session.receive(copy);
        if (direction === "to relay" && line.relayOpen) line.events.message(copy);
      });
    }
  };
  const dialled = (events: HubSocketEvents): HubSocket => {
    if (!net.reachable) {
      world.after(1, () => events.closed("nothing answers"));
      return { send: () => {}, close: () => {}, bufferedBytes: 0 };
    }
    let line: Line | undefined;
    const session = net.relays.open(
      {
        send: (data) => line && carry(line, data, "to relay"),
        close: (_code, reason) => {
          if (line === undefined || !line.hubOpen) return;
          const closing = line;
          world.after(3, () => {
            if (closing.dead) return;
            if (closing.relayOpen) hangUpAtRelay(closing, reason);
            if (closing.hubOpen) hangUpAtHub(closing);
          });
        },
        terminate: () => {
          if (line?.hubOpen) hangUpAtHub(line);
        },
        bufferedBytes: 0,
      },
      "192.0.2.7",
      undefined,
    );
    const made: Line = { session, events, hubOpen: true, relayOpen: true, dead: false };
    line = made;
    lines.push(made);
    world.after(1, () => {
      if (made.relayOpen) events.opened();
    });
    return {
      send: (data) => {
        if (made.relayOpen) carry(made, data, "to hub");
      },
      close: () => {
        made.relayOpen = false;
        world.after(2, () => {
          if (made.hubOpen && !made.dead) hangUpAtHub(made);
        });
      },
      bufferedBytes: 0,
    };
  };
  world.every(TICK_MS, () => net.relays.tick());
  return net;
}

export const DETECTS = { detects: true, evidence: true, onset: true, asks: true, plays: true };
export const IDENTITY: RelayIdentity = { id: "kitchen", capabilities: DETECTS, models: ["alexa"], software: "test" };
export const HOP_SAMPLES = 1280;
/** Its clock against the hub's. */
export const CLOCK_OFF_MS = -5000;

/** The sample with that number of what a relay of these tests hears: each stretch of 2 s is another. */
export const sampleAt = (index: number): number => ((index * 7919) % 32_003) - 16_000;

/** A relay that hears numbered samples; a test says when there is a word among them. */
export class SmallRelay {
  readonly client: RelayClient;
  readonly events: RelayEvent[] = [];
  /** What is heard in the next hop, and in those after it. */
  next: Hop["detections"] = [];
  score = 0;
  barred = false;
  rms = 0.001;
  /** How loud it hears what is there. */
  gain = 1;
  /** Its microphone gives nothing. */
  deaf = false;
  samples = 0;

  constructor(net: Pick<SmallNet, "world" | "dial">, over: Partial<RelayClientOptions> = {}) {
    const relayMs = () => net.world.nowMs + CLOCK_OFF_MS;
    this.client = new RelayClient({
      identity: IDENTITY,
      dial: net.dial,
      monotonicMs: relayMs,
      random: () => 0.5,
      whileAway: "silent",
      tell: (event) => this.events.push(event),
      ...over,
    });
    net.world.every(80, () => {
      if (this.deaf) return;
      const pcm = new Int16Array(HOP_SAMPLES);
      for (let i = 0; i < HOP_SAMPLES; i++) pcm[i] = this.gain * sampleAt(this.samples + i);
      this.samples += HOP_SAMPLES;
      const detections = this.next;
      this.next = [];
      const scores = [{ model: "alexa", score: this.score, threshold: 0.5 }];
      this.client.hear({
        pcm,
        endMs: relayMs(),
        rms: this.rms,
        noiseFloor: 0.001,
        scores,
        detections,
        barred: this.barred,
      });
    });
    net.world.every(100, () => this.client.tick());
  }

  types(): string[] {
    return this.events.map(({ type }) => type).filter((type) => type !== "state");
  }
}
