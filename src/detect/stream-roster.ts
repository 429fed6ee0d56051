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

export class StreamRoster {
  readonly #options: StreamRosterOptions;
  readonly #table;
  readonly #records;
  readonly #listeners = new Map<number, { readonly sinceMs: number; readonly listener: StreamListener }>();
  #generation = -1;
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
    this.listeners = [local];
  }

  /** Takes up streams that came, lets go of those that went; the others notice nothing. Cheap when nothing changed. */
  refresh(): void {
    const { generation } = this.#table.read();
    if (generation === this.#generation) return;
    this.#generation = generation;
    for (const { stream, record } of this.#records) {
      const { open, name, sinceMs } = record.read();
      const known = this.#listeners.get(stream);
      if (open && known?.sinceMs === sinceMs) continue;
      if (known !== undefined) this.#forget(stream);
      if (open) this.#listeners.set(stream, { sinceMs, listener: this.#options.listenTo(stream, name) });
    }
    this.listeners = [this.#options.local, ...[...this.#listeners.values()].map(({ listener }) => listener)];
  }

  /** What it showed is nobody's any more. */
  #forget(stream: number): void {
    this.#listeners.delete(stream);
    const score = this.#options.memory.score(stream).writer();
    score.value.scores.fill(0);
    Object.assign(score.value, { frame: 0, frameEndMs: 0, lagMs: 0, lost: 0, armed: false, asleep: false, resets: 0 });
    score.publish();
  }
}
