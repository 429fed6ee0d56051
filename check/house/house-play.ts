/** A hub and ten relays, each a process of its own, and rounds that are played with them. */
import { join } from "node:path";
import type { Random } from "../../bench/accuracy/seeded.ts";
import { monotonicMs } from "../../ffi/clock.ts";
import { type Footprint, HubProcess } from "./hub-process.ts";
import type { HubRound, RoundHistory } from "./judge.ts";
import type { Fault, Seen, Step } from "./orders.ts";
import { type Part, planRound, type RoundPlan } from "./plan.ts";
import { RelayHost } from "./relay-host.ts";
import { Withheld } from "./withheld.ts";

const WORD_MS = 250;
/**
 * From the end of one word to the beginning of the next of its zone. A second or less would be one utterance, and what two
 * clocks are off while their pings wait for a processor counts too.
 */
const APART_MS = 1300;
/** Orders are there before the word begins. */
const LEAD_MS = 60;
/** Nothing in a round takes as long: past this it is stuck. */
const STUCK_MS = 12_000;
const CONNECTED_MS = 40_000;
const LOOK_MS = 20;

/** Which relays hear the same people. */
export type Layout = ReadonlyMap<string, readonly string[]>;

interface Playing {
  readonly number: number;
  readonly plan: RoundPlan;
  readonly endMs: number;
}

export class HousePlay {
  readonly hub = new HubProcess();
  readonly #relays: readonly RelayHost[];
  readonly #wordEndedMs = new Map<string, number>();
  #layout: Layout = new Map();
  #highestFence = 0;
  #rounds = 0;
  #hubStarts = 0;
  #relayStarts = 0;

  constructor(ids: readonly string[]) {
    this.#relays = ids.map((id) => new RelayHost(id, this.hub.url));
  }

  /** Since the beginning: how often each was started again. */
  get restarts(): { readonly hub: number; readonly relays: number } {
    return { hub: this.#hubStarts - 1, relays: this.#relayStarts - this.#relays.length };
  }

  async start(layout: Layout): Promise<void> {
    this.#layout = layout;
    await this.#startHub(configOf(layout));
    for (const relay of this.#relays) this.#startRelay(relay);
    await this.#allConnected();
  }

  /** Relays hear other people from now on: the hub is told, and goes by it. */
  async arrange(layout: Layout): Promise<void> {
    this.#layout = layout;
    await this.hub.configure(configOf(layout));
    const zoneOf = new Map([...layout].flatMap(([zone, ids]) => ids.map((id) => [id, zone] as const)));
    await this.#allConnected();
    await until("the hub goes by the new zones", CONNECTED_MS, async () => {
      const { relays } = await this.hub.get<{ relays: { id: string; zone: string }[] }>("/api/relays");
      return [...zoneOf].every(([id, zone]) => relays.some((relay) => relay.id === id && relay.zone === zone));
    });
  }

  footprint(): Footprint {
    return this.hub.footprint();
  }

  /** A round in each zone, all at once. @param hubDiesAt in one of them */
  async play(random: Random, hubDiesAt: Step | undefined): Promise<readonly RoundHistory[]> {
    const beganUnixMs = Date.now();
    const highestFence = this.#highestFence;
    const hubWithheld = new Withheld(this.hub.pids);
    const relaysWithheld = new Withheld(this.#relays.flatMap(({ pid }) => pid ?? []));
    const connected = new Set(this.#relays.filter((relay) => relay.connected && relay.alive).map(({ id }) => id));
    const zones = [...this.#layout];
    const playing = zones.flatMap(([zone, ids], place): Playing[] => {
      const relays = ids.filter((id) => connected.has(id));
      const plan = planRound({ zone, relays, random, hubDiesAt: place === 0 ? hubDiesAt : undefined });
      return plan === undefined ? [] : [{ number: ++this.#rounds, plan, endMs: this.#nextEndMs(zone, random) }];
    });
    const pauses = playing.map((one) => this.#begin(one));
    await this.#settled(playing);
    await Promise.all(pauses);
    const hubDied = this.hub.isDead;
    if (hubDied) await this.#startHub();
    await this.#settled(playing);
    const { rounds, stuck } = await this.#hubRounds(beganUnixMs);
    // The claim, the winner's way to its sound, and the answer: a relay's turn, twice, and the hub's.
    const withheldMs = hubWithheld.mostMs + 2 * relaysWithheld.mostMs;
    for (const relay of this.#relays) for (const one of relay.seen) this.#mindFence(one);
    return playing.map(({ number, plan }) => ({
      ...{ number, plan, hubDied, highestFence, withheldMs },
      seen: new Map(plan.parts.map(({ id }) => [id, this.#relay(id).seen])),
      hub: rounds.filter(({ zone }) => zone === plan.zone),
      stuck: stuck.filter(({ zone }) => zone === plan.zone).map(({ round }) => round),
    }));
  }

  async end(): Promise<void> {
    await Promise.all(this.#relays.map((relay) => relay.end()));
    await this.hub.end();
  }

  #begin({ number, plan, endMs }: Playing): Promise<unknown> {
    for (const id of this.#layout.get(plan.zone) ?? []) this.#relay(id).begin(number);
    this.#wordEndedMs.set(plan.zone, endMs);
    const lock = join(this.hub.folder, `struck-${number}`);
    return Promise.all(
      plan.parts.map(async ({ id, level, claimsAfterMs, doubled, rises, seconds, soundMs, pause }) => {
        const strikes = plan.fault !== undefined && (plan.striker === undefined || plan.striker === id);
        const fault: Fault | undefined = strikes && plan.fault !== undefined ? { ...plan.fault, lock } : undefined;
        const claimsAtMs = claimsAfterMs.map((afterMs) => endMs + afterMs);
        const relay = this.#relay(id);
        relay.order({
          ...{ type: "word", round: number, endMs, wordMs: WORD_MS, level, claimsAtMs },
          ...{ doubled, rises, seconds, soundMs, fault },
        });
        if (pause === undefined) return;
        await Bun.sleep(Math.max(0, endMs + pause.afterMs - monotonicMs()));
        await relay.pause(pause.lastsMs);
      }),
    );
  }

  /** Everybody has claimed what was to be claimed, and was told; who died is started again. */
  async #settled(playing: readonly Playing[]): Promise<void> {
    const overMs = Math.max(...playing.map(({ endMs }) => endMs)) + STUCK_MS;
    while (monotonicMs() < overMs) {
      for (const relay of this.#relays) if (!relay.alive) this.#startRelay(relay);
      const waiting = playing.some(({ plan }) => plan.parts.some((part) => !isDone(part, this.#relay(part.id).seen)));
      if (!waiting || this.hub.isDead) break;
      await Bun.sleep(LOOK_MS);
    }
    if (this.hub.isDead) return;
    await this.#allConnected();
  }

  /** Of what began since then; a command that is under way is waited for. */
  async #hubRounds(sinceUnixMs: number) {
    const overMs = monotonicMs() + STUCK_MS;
    for (;;) {
      const { now, rounds } = await this.hub.get<{
        now: { round: number; zone: string }[];
        rounds: HubRound[];
      }>("/api/arbitration");
      const fresh = rounds.filter(({ openedAt }) => openedAt >= sinceUnixMs);
      if (now.length === 0 || monotonicMs() >= overMs) return { rounds: fresh, stuck: now };
      await Bun.sleep(LOOK_MS);
    }
  }

  #nextEndMs(zone: string, random: Random): number {
    const beginMs = Math.max(monotonicMs() + LEAD_MS, (this.#wordEndedMs.get(zone) ?? 0) + APART_MS);
    return beginMs + WORD_MS + random() * 50;
  }

  #mindFence(seen: Seen): void {
    if (seen.type === "granted") this.#highestFence = Math.max(this.#highestFence, seen.fence);
  }

  async #startHub(config?: string): Promise<void> {
    this.#hubStarts++;
    await this.hub.start(config);
    for (const relay of this.#relays) relay.order({ type: "hub", pids: this.hub.pids });
  }

  #startRelay(relay: RelayHost): void {
    this.#relayStarts++;
    relay.start(this.hub.pids);
  }

  async #allConnected(): Promise<void> {
    await until("all relays are connected", CONNECTED_MS, () => {
      for (const relay of this.#relays) if (!relay.alive) this.#startRelay(relay);
      return this.#relays.every(({ connected }) => connected);
    });
  }

  #relay(id: string): RelayHost {
    const relay = this.#relays.find((one) => one.id === id);
    if (relay === undefined) throw new RangeError(`no relay is called ${id}`);
    return relay;
  }
}

/** Whether nothing more comes of a relay's part: all was claimed and answered, and what it was granted is over. */
export function isDone({ claimsAfterMs }: Part, seen: readonly Seen[]): boolean {
  let claims = 0;
  let open = false;
  let serving = false;
  for (const { type } of seen) {
    if (type === "died") return true;
    // What was under way is lost with the connection, and told.
    if (type === "away") serving = false;
    if (type === "claimed") [claims, open] = [claims + 1, !serving];
    if (type === "granted") [open, serving] = [false, true];
    if (type === "lost") [open, serving] = [false, false];
    if (type === "over" || type === "reply") serving = false;
  }
  return claims >= claimsAfterMs.length && !open && !serving;
}

function configOf(layout: Layout): string {
  const places = [...layout].flatMap(([zone, ids]) => ids.map((id) => `  ${id}: { zone: ${zone}, expected: false }`));
  const settings = ["arbitration: { max_relays: 10 }", "activation: { hold: 100ms }", "log: { level: warning }"];
  return `${[...settings, "relays:", ...places].join("\n")}\n`;
}

async function until(what: string, limitMs: number, holds: () => boolean | Promise<boolean>): Promise<void> {
  const overMs = monotonicMs() + limitMs;
  while (!(await holds())) {
    if (monotonicMs() >= overMs) throw new Error(`not within ${limitMs} ms: ${what}`);
    await Bun.sleep(LOOK_MS);
  }
}
