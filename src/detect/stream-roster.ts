/** Who is listened to: stream 0 always, the others as the stream table says. Runs in the inference worker. */
import type { SharedMemory } from "../memory/shared-memory.ts";
import type { StreamListener } from "./stream-listener.ts";

export interface StreamRosterOptions {
  readonly memory: SharedMemory;
  /** The local microphone's. */
  readonly local: StreamListener;
  /** Begins to listen to a stream that came. */
  readonly listenTo: (stream: number, source: string) => StreamListener;
}

interface Listened {
  readonly sinceMs: number;
  readonly listener: StreamListener;
}

export class StreamRoster {
  readonly #options: StreamRosterOptions;
  readonly #table;
  readonly #records;
  readonly #listeners = new Map<number, Listened>();
  #generation = -1;
  /** Whether some stream is heard to its end. */
  #endings = false;
  /** Since when the last sender of each stream that was heard to its end had sent: 0 for none. */
  readonly #ended = new Map<number, number>();
  /** In no order that matters; a new array whenever somebody came or went. */
  listeners: readonly StreamListener[];

  constructor(options: StreamRosterOptions) {
    this.#options = options;
    const { memory, local } = options;
    this.#table = memory.streamTable.reader();
    this.#records = Array.from({ length: memory.size.streams - 1 }, (_, index) => ({
      stream: index + 1,
      record: memory.stream(index + 1).reader(),
    }));
    // Whoever has gone before this worker lived was heard, or not, by its predecessor.
    for (const { stream, record } of this.#records) {
      const { open, sinceMs } = record.read();
      if (!open) this.#ended.set(stream, sinceMs);
    }
    this.listeners = [local];
  }

  /**
   * Takes up streams that came, and lets go of those that went as soon as all that they sent was heard; the others notice
   * nothing. Cheap when nothing changed.
   */
  refresh(): void {
    const { generation } = this.#table.read();
    if (generation === this.#generation && !this.#endings) return;
    this.#generation = generation;
    this.#endings = false;
    for (const { stream, record } of this.#records) {
      const { open, name, sinceMs } = record.read();
      const known = this.#listeners.get(stream);
      // Who came and went between two looks: the sound is in the ring.
      const unheard = sinceMs !== this.#ended.get(stream);
      if (known !== undefined && known.sinceMs === sinceMs) {
        if (open) continue;
        if (known.listener.isDone) this.#forget(stream, sinceMs);
        else this.#endings = true;
      } else if (open || unheard) {
        if (known !== undefined) this.#forget(stream, known.sinceMs);
        this.#listeners.set(stream, { sinceMs, listener: this.#options.listenTo(stream, name) });
        if (!open) this.#endings = true;
      }
    }
    this.listeners = [this.#options.local, ...[...this.#listeners.values()].map(({ listener }) => listener)];
  }

  /** What it showed is nobody's any more. */
  #forget(stream: number, sinceMs: number): void {
    this.#listeners.get(stream)?.listener.end();
    this.#listeners.delete(stream);
    this.#ended.set(stream, sinceMs);
    const score = this.#options.memory.score(stream).writer();
    score.value.scores.fill(0);
    Object.assign(score.value, { frame: 0, frameEndMs: 0, lagMs: 0, lost: 0, armed: false, asleep: false, resets: 0 });
    score.publish();
  }
}
