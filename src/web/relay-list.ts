/**
 * The relays of the house as they are shown: who is connected, who is known and away, and whose microphone would not notice
 * a word. Made anew when something changed, and often enough for what moves all the time.
 */
import type { Arbiter } from "../arbitration/arbiter.ts";
import { type Config, DEFAULT_ZONE } from "../config/schema.ts";
import type { Hub } from "../hub/hub.ts";
import { KnownRelays } from "../hub/known-relays.ts";
import type { Seat } from "../hub/seat.ts";
import type { Reports } from "../relay/relay-desk.ts";
import { spokenDuration } from "./round-words.ts";
import type { RelayView } from "./schemas/relays.ts";

/** What moves all the time, levels and delays, is shown this often at most. */
const APART_MS = 100;
/** Where more than so many are connected, it is made no more often than at so many times what it took last. */
const MANY = 50;
const SHARE = 40;
/** A relay tells five times a second how its microphone is, if it ever does. */
const REPORT_MS = 5000;
/** It says four times a second whether it hears something; without sound, nothing. */
const BEAT_MS = 3000;
/** A relay may start, and start again, without anybody being told. */
const AWAY_MS = 30_000;
const DEAF_MS = 10_000;

export interface RelayListOptions {
  readonly hub: Pick<Hub, "seats">;
  readonly arbiter: Pick<Arbiter, "relays" | "generation">;
  readonly config: () => Config;
  /** Who has a token. */
  readonly tokenNames: () => readonly string[];
  /** What was learned of a relay. */
  readonly knownOf: (id: string) => Pick<RelayView, "gain" | "evidence">;
  readonly reportsOf: (connection: number) => Reports | undefined;
  readonly monotonicMs: () => number;
  readonly unixMs: () => number;
}

export interface Trouble {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

export class RelayList {
  readonly #options: RelayListOptions;
  readonly #known: KnownRelays;
  #views: readonly RelayView[] = [];
  #troubles: readonly Trouble[] = [];
  #generation = -1;
  #seats = 0;
  #config: Config | undefined;
  #madeAtMs = Number.NEGATIVE_INFINITY;
  #tookMs = 0;
  #names:
    | { readonly tokens: readonly string[]; readonly config: Config; readonly expected: ReadonlySet<string> }
    | undefined;
  /** Since when something has been wrong with the microphone of a connection. */
  #wrongSinceMs: ReadonlyMap<number, number> = new Map();

  constructor(options: RelayListOptions) {
    this.#options = options;
    this.#known = new KnownRelays(options.monotonicMs());
  }

  /** The local microphone first, those that are away last. */
  get views(): readonly RelayView[] {
    this.#refresh();
    return this.#views;
  }

  /** What is wrong with them, for as long that somebody should be told. */
  get troubles(): readonly Trouble[] {
    this.#refresh();
    return this.#troubles;
  }

  #refresh(): void {
    const { hub, arbiter, monotonicMs, unixMs } = this.#options;
    const nowMs = monotonicMs();
    const config = this.#options.config();
    const changed = arbiter.generation !== this.#generation || hub.seats.size !== this.#seats;
    const isDue = changed || config !== this.#config || nowMs - this.#madeAtMs >= APART_MS;
    const isTooSoon = hub.seats.size > MANY && nowMs - this.#madeAtMs < SHARE * this.#tookMs;
    if (!isDue || isTooSoon) return;
    this.#config = config;
    if (changed) this.#known.follow(hub.seats, nowMs);
    this.#generation = arbiter.generation;
    this.#seats = hub.seats.size;
    this.#madeAtMs = nowMs;
    const epochMs = unixMs() - nowMs;
    const utcOf = (ms: number) => Math.round(epochMs + ms);
    const expected = this.#expected();
    const wrongSinceMs = new Map<number, number>();
    const troubles: Trouble[] = [];
    const views: RelayView[] = [];
    for (const seat of hub.seats.values()) {
      const trouble = this.#troubleOf(seat, nowMs);
      views.push(this.#viewOf(seat, trouble, expected, utcOf));
      if (trouble === null) continue;
      const sinceMs = this.#wrongSinceMs.get(seat.connection) ?? nowMs;
      wrongSinceMs.set(seat.connection, sinceMs);
      if (nowMs - sinceMs >= DEAF_MS) troubles.push(deaf(seat.id, trouble));
    }
    this.#wrongSinceMs = wrongSinceMs;
    for (const { id, kind, software, sinceMs, seen } of this.#known.absent(expected, nowMs)) {
      const missed = expected.has(id);
      // Those of other protocols come with a word, and go.
      if (!missed && kind !== "relay" && kind !== "sender") continue;
      const { room, zone = DEFAULT_ZONE } = this.#options.config().relays[id] ?? {};
      const place = { room: room ?? null, zone, status: 0, detects: kind === "relay", delayMs: null, rms: null };
      const address = null;
      views.push({
        id,
        kind,
        software,
        address,
        ...place,
        ...this.#options.knownOf(id),
        connected: false,
        expected: missed,
        trouble: null,
        since: utcOf(sinceMs),
      });
      if (missed && nowMs - sinceMs >= AWAY_MS) troubles.push(away(id, nowMs - sinceMs, seen));
    }
    this.#views = views;
    this.#troubles = troubles;
    this.#tookMs = monotonicMs() - nowMs;
  }

  #viewOf(seat: Seat, trouble: string | null, expected: ReadonlySet<string>, utcOf: (ms: number) => number): RelayView {
    const { id, kind, address = null, software, connection, stream, sinceMs } = seat;
    const relay = this.#options.arbiter.relays.get(id);
    const { room = null, zone = DEFAULT_ZONE } = relay?.facts ?? {};
    return {
      ...{ id, kind, address, software, room, zone },
      status: relay?.status ?? 0,
      detects: stream === undefined,
      delayMs: relay?.delay === undefined ? null : Math.round(relay.delay.meanMs * 10) / 10,
      rms: this.#options.reportsOf(connection)?.telemetry?.rms ?? null,
      connected: true,
      expected: kind === "local" || expected.has(id),
      trouble,
      since: utcOf(sinceMs),
      ...this.#options.knownOf(id),
    };
  }

  /** Why a wake word would go unnoticed there; null where none would, or the hub listens and sees for itself. */
  #troubleOf({ kind, stream, connection, sinceMs, id }: Seat, nowMs: number): string | null {
    if (kind === "local" || stream !== undefined) return null;
    const reports = this.#options.reportsOf(connection);
    if (reports === undefined) return null;
    const { telemetry, telemetryAtMs, beatAtMs } = reports;
    if (telemetry?.armed === false) return telemetry.reason || "it does not say why";
    if (telemetry !== undefined && nowMs - telemetryAtMs > REPORT_MS) {
      return `it has not said for ${spokenDuration(nowMs - telemetryAtMs)} how its microphone is`;
    }
    const quietMs = nowMs - Math.max(beatAtMs, sinceMs);
    const beats = this.#options.arbiter.relays.get(id)?.facts.can.onset === true;
    return beats && quietMs > BEAT_MS ? `its microphone has given no sound for ${spokenDuration(quietMs)}` : null;
  }

  /** Whoever was given a token or a place should be here, unless it is said otherwise. */
  #expected(): ReadonlySet<string> {
    const tokens = this.#options.tokenNames();
    const config = this.#options.config();
    const { relays } = config;
    const sameTokens =
      this.#names?.tokens.length === tokens.length && this.#names.tokens.every((name, i) => name === tokens[i]);
    if (this.#names?.config === config && sameTokens) return this.#names.expected;
    const names = [...tokens, ...Object.keys(relays)];
    const expected = new Set(names.filter((name) => relays[name]?.expected !== false));
    this.#names = { tokens, config, expected };
    return expected;
  }
}

function deaf(id: string, trouble: string): Trouble {
  const message = `${id} would not notice a wake word: ${trouble}`;
  const hint =
    trouble === "muted" ? "unmute it: on its own page, or with POST /api/mute there" : "see to its microphone";
  return { code: "relay_deaf", message, hint };
}

function away(id: string, awayMs: number, seen: boolean): Trouble {
  const since = spokenDuration(awayMs);
  const message = seen
    ? `${id} has been away for ${since}: no wake word is noticed there`
    : `${id} is expected, and has not come in the ${since} that this hub runs`;
  return { code: "relay_away", message, hint: `start it again; if it may be away: relays.${id}.expected: false` };
}
