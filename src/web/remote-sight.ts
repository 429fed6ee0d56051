/** The streams that send from elsewhere, as the shared memory shows them. Runs in the web worker. */
import type { SharedMemory } from "../memory/shared-memory.ts";
import type { StreamSight } from "./health.ts";
import { RecentLoss } from "./recent-loss.ts";
import type { LevelsView, StreamView } from "./schemas.ts";
import { rounded } from "./views.ts";

/** No sample for this long, and nothing is heard of it. */
const FRESH_MS = 1000;

export class RemoteSight {
  readonly #streams;

  constructor(memory: SharedMemory) {
    this.#streams = Array.from({ length: memory.size.streams - 1 }, (_, index) => ({
      id: index + 1,
      record: memory.stream(index + 1).reader(),
      level: memory.level(index + 1).reader(),
      score: memory.score(index + 1).reader(),
      loss: new RecentLoss(),
    }));
  }

  look(nowMs: number): void {
    for (const { record, level, score, loss } of this.#streams) {
      if (!record.read().open) continue;
      level.refresh();
      loss.look(score.read().lost, nowMs);
    }
  }

  /** @param utcOf makes UTC of monotonic milliseconds */
  views(nowMs: number, utcOf: (ms: number) => number): StreamView[] {
    return this.#open().map(({ id, record, level, score }) => {
      const { name, address, sinceMs } = record.value;
      const comes = nowMs - level.value.atMs < FRESH_MS;
      const { armed, asleep, lagMs, lost, frameEndMs } = score.value;
      const scored = armed && frameEndMs > sinceMs;
      return {
        id,
        name,
        address,
        state: !comes ? "waiting" : scored ? "listening" : "arming",
        asleep: comes && asleep,
        rms: comes ? rounded(level.value.rms) : 0,
        lagMs: Math.round(lagMs),
        lostSamples: lost,
        since: utcOf(sinceMs),
      };
    });
  }

  levels(nowMs: number): LevelsView["streams"] {
    return this.#open().map(({ id, level, score }) => {
      const comes = nowMs - level.value.atMs < FRESH_MS;
      const { asleep, lagMs } = score.value;
      return { id, rms: comes ? rounded(level.value.rms) : 0, asleep: comes && asleep, lagMs: Math.round(lagMs) };
    });
  }

  sights(nowMs: number): StreamSight[] {
    return this.#open().map(({ record, level, score, loss }) => ({
      name: record.value.name,
      audioAgeMs: nowMs - Math.max(level.value.atMs, record.value.sinceMs),
      lagMs: score.value.lagMs,
      lostSamples: loss.samples,
    }));
  }

  #open() {
    return this.#streams.filter(({ record, level, score }) => {
      level.refresh();
      score.refresh();
      return record.read().open;
    });
  }
}
