// A house with a port for Loqa's relays, on loopback: the real hub and arbiter, and time that the test moves.
import { Arbiter } from "../../src/arbitration/arbiter.ts";
import { byRms } from "../../src/arbitration/policies/rms.ts";
import type { Policy } from "../../src/arbitration/policy.ts";
import { configSchema } from "../../src/config/schema.ts";
import { type Granted, type GrantedSound, Hub, type Word } from "../../src/hub/hub.ts";
import type { Reply } from "../../src/hub/reply.ts";
import { Loqa } from "../../src/loqa/loqa.ts";
import { facts } from "../arbitration/small-house.ts";
import { LoqaRelay } from "./loqa-relay.ts";

export const ANSWER: Reply = {
  ...{ kind: "answer", text: "The light is on.", transcription: "turn on the light", command: "light_on" },
  speech: undefined,
};

export interface HouseOptions {
  readonly loqa?: Record<string, unknown>;
  readonly maxRelays?: number;
  readonly windowMs?: number;
  readonly policy?: Policy;
  readonly gains?: Readonly<Record<string, number>>;
}

export class LoqaHouse {
  readonly hub: Hub;
  readonly loqa: Loqa;
  readonly granted: Granted[] = [];
  readonly contended: Word[] = [];
  readonly sounds: GrantedSound[] = [];
  readonly over: string[] = [];
  readonly logged: { readonly event: string; readonly fields: Record<string, unknown> }[] = [];
  readonly relays: LoqaRelay[] = [];
  nowMs = 1_000_000;
  settings: Record<string, unknown>;

  constructor({ loqa = {}, maxRelays = 10, windowMs = 300, policy = byRms }: HouseOptions = {}) {
    this.settings = { enabled: true, port: 0, ...loqa };
    const log = {
      info: (event: string, fields: Record<string, unknown>) => void this.logged.push({ event, fields }),
    };
    this.hub = new Hub({
      arbiter: new Arbiter({ policy, settings: { windowMs, maxRelays } }),
      monotonicMs: () => this.nowMs,
      sooner: () => {},
      changed: () => {},
      factsOf: ({ id, kind }, can) => facts(id, { can, local: kind === "local", gain: { db: 0, uncertaintyDb: 0 } }),
      events: {
        contended: (word) => void this.contended.push(word),
        granted: (word) => void this.granted.push(word),
        sound: (sound) => void this.sounds.push(sound),
        over: (fence, why) => void this.over.push(`${fence} ${why}`),
      },
      log,
    });
    this.loqa = new Loqa({
      hub: this.hub,
      config: () => configSchema.parse({ loqa: this.settings, arbitration: { max_relays: maxRelays } }),
      monotonicMs: () => this.nowMs,
      readText: (path) => Bun.file(path).text(),
      sooner: () => setImmediate(() => this.#lookAgain()),
      log,
    });
  }

  static async open(options: HouseOptions = {}): Promise<LoqaHouse> {
    const house = new LoqaHouse(options);
    house.loqa.look();
    await house.loqa.settled();
    return house;
  }

  relay(id: string): LoqaRelay {
    const relay = new LoqaRelay(this.loqa.port ?? 0, id);
    this.relays.push(relay);
    return relay;
  }

  /** Who answered, in order. */
  get winners(): string[] {
    return this.granted.map(({ relayId }) => relayId);
  }

  /** All sound that was passed on for a fence. */
  soundOf(fence: number): Int16Array {
    const pieces = this.sounds.filter((sound) => sound.fence === fence).map(({ pcm }) => pcm);
    const all = new Int16Array(pieces.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const piece of pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    return all;
  }

  isWhole(fence: number): boolean {
    return this.sounds.some((sound) => sound.fence === fence && sound.last);
  }

  /** Lets time pass: everything that is due is done when it is due. */
  pass(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (;;) {
      const dueMs = Math.min(this.hub.wakeAtMs, this.loqa.wakeAtMs);
      if (dueMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, dueMs);
      this.look();
    }
    this.nowMs = untilMs;
    this.look();
  }

  /** As long as there is more to pass on. */
  #lookAgain(): void {
    this.look();
    if (this.loqa.wakeAtMs === Number.NEGATIVE_INFINITY) setImmediate(() => this.#lookAgain());
  }

  look(): void {
    if (this.nowMs >= this.hub.wakeAtMs) this.hub.tell({ type: "tick" });
    this.loqa.look();
  }

  /** Answers whoever was granted last, and ends the command. */
  answer(reply: Reply = ANSWER): void {
    const fence = this.granted.at(-1)?.fence ?? 0;
    this.hub.reply(fence, reply);
    this.hub.finish(fence);
  }

  /** Another member of the house, of the kind that hears words as they are said. */
  hearing(id: string, kind: "relay" | "local" = "relay") {
    const connection = this.hub.nextConnection();
    const sender = { relayId: id, connection };
    const told: string[] = [];
    const voice = {
      ask: () => {},
      granted: ({ fence }: { readonly fence: number }) => void told.push(`granted ${fence}`),
      cancelled: ({ why }: { readonly why: string }) => void told.push(`cancelled ${why}`),
      rejected: (_claim: number, why: string) => void told.push(`rejected ${why}`),
      ...{ over: () => {}, enough: () => {}, reply: () => {}, displaced: () => {} },
    };
    this.hub.join(
      { id, connection, kind, address: undefined, software: "", sinceMs: this.nowMs, voice, stream: undefined },
      { onset: true, ask: true },
    );
    const beat = (hears: boolean) => this.hub.tell({ type: "beat", ...sender, hears });
    beat(false);
    return { sender, told, beat };
  }

  async close(): Promise<void> {
    await this.loqa.close();
    for (const relay of this.relays) relay.goAway();
  }
}

/** Until something is so: sockets take real time. */
export async function until(holds: () => boolean, what: string, ms = 4000): Promise<void> {
  const deadline = performance.now() + ms;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`not within ${ms} ms: ${what}`);
    await Bun.sleep(1);
  }
}
