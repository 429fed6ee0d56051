/** Relays that were here and are not: a microphone that died last night must not simply vanish. Time is handed in. */
import type { Seat, SeatKind } from "./seat.ts";

/** Of those that nobody expects, the ones that left last. */
const MOST_UNEXPECTED = 20;
/** And no longer than this. */
const UNEXPECTED_MS = 24 * 3600 * 1000;

export interface AbsentRelay {
  readonly id: string;
  readonly kind: SeatKind;
  readonly software: string;
  /** Since when; for one that never came, since this hub started. */
  readonly sinceMs: number;
  /** It was here. */
  readonly seen: boolean;
}

type Known = Pick<Seat, "id" | "kind" | "software">;

export class KnownRelays {
  readonly #startedMs: number;
  #present: ReadonlyMap<string, Known> = new Map();
  readonly #left = new Map<string, Known & { readonly sinceMs: number }>();

  constructor(nowMs: number) {
    this.#startedMs = nowMs;
  }

  /** Whenever somebody came or left. */
  follow(seats: ReadonlyMap<string, Seat>, nowMs: number): void {
    for (const [id, known] of this.#present) if (!seats.has(id)) this.#left.set(id, { ...known, sinceMs: nowMs });
    for (const id of seats.keys()) this.#left.delete(id);
    this.#present = new Map([...seats.values()].map(({ id, kind, software }) => [id, { id, kind, software }]));
  }

  /** Who is not here. @param expected who should be, seen or not */
  absent(expected: ReadonlySet<string>, nowMs: number): AbsentRelay[] {
    const absent: AbsentRelay[] = [];
    for (const id of expected) {
      if (this.#present.has(id)) continue;
      const left = this.#left.get(id) ?? { kind: "relay", software: "", sinceMs: this.#startedMs };
      absent.push({ ...left, id, seen: this.#left.has(id) });
    }
    const strangers = [...this.#left.values()].filter(({ id }) => !expected.has(id)).reverse();
    for (const [index, stranger] of strangers.entries()) {
      if (index < MOST_UNEXPECTED && nowMs - stranger.sinceMs < UNEXPECTED_MS) absent.push({ ...stranger, seen: true });
      else this.#left.delete(stranger.id);
    }
    return absent;
  }
}
