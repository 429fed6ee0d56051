/** Which streams are near a loudspeaker that plays. Runs in the web worker, the record's one writer. */
import { type GUARDS, MAX_STREAMS } from "../memory/layout.ts";
import type { RecordWriter } from "../memory/record.ts";

/** A sound that was said is heard so much later: the device's buffer, the room, and the frames that a word lasts. */
const TAIL_MS = 800;

export class Guards {
  readonly #record: RecordWriter<typeof GUARDS.fields>;
  /** Until when a stream is guarded. */
  readonly #untilMs = new Map<number, number>();

  /** Nobody is guarded: whoever played for a predecessor is not known any more. */
  constructor(record: RecordWriter<typeof GUARDS.fields>) {
    this.#record = record;
    this.#publish();
  }

  /** With each look at the house. @param near streams near a loudspeaker that plays now. Cheap when nothing changed */
  look(near: Iterable<number>, nowMs: number): void {
    for (const stream of near) this.#untilMs.set(stream, nowMs + TAIL_MS);
    for (const [stream, untilMs] of this.#untilMs) if (nowMs >= untilMs) this.#untilMs.delete(stream);
    this.#publish();
  }

  #publish(): void {
    const { value } = this.#record;
    let changed = false;
    for (let stream = 0; stream < MAX_STREAMS; stream++) {
      const guarded = this.#untilMs.has(stream) ? 1 : 0;
      if (value.guarded[stream] === guarded) continue;
      value.guarded[stream] = guarded;
      changed = true;
    }
    if (!changed) return;
    value.generation++;
    this.#record.publish();
  }
}
