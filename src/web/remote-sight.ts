/** The streams that send from elsewhere, as the shared memory shows them. Runs in the web worker. */
import type { ValueOf } from "../memory/field.ts";
import type { SCORE, STREAM } from "../memory/layout.ts";
import type { SharedMemory } from "../memory/shared-memory.ts";
import type { StreamSight } from "./health.ts";
import { RecentLoss } from "./recent-loss.ts";
import type { LevelsView } from "./schemas/live.ts";
import type { StreamView } from "./schemas/sound.ts";
import { rounded } from "./views.ts";

/** No sample for this long, and nothing is heard of it. */
const FRESH_MS = 1000;
/** Inference may be 4 s behind before it passes sound over; an older score says nothing of what is said now. */
const STALE_SCORE_MS = 5000;

export class RemoteSight {
  readonly #streams;

  constructor(memory: SharedMemory) {
    this.#streams = Array.from({ length: memory.size.streams - 1 }, (_, index) => ({
      id: index + 1,
      record: memory.stream(index + 1).reader(),
      level: memory.level(index + 1).reader(),
      score: memory.score(index + 1).reader(),
      loss: new RecentLoss(),
      /** Of the sender that the loss and the deafness belong to. */
      sinceMs: 0,
      /** When it was last listened to, or sent nothing to listen to. */
      wellMs: 0,
    }));
  }

  look(nowMs: number): void {
    for (const stream of this.#streams) {
      const { record, level, score } = stream;
      const { sinceMs } = record.read();
      const { lost, frameEndMs } = score.read();
      level.refresh();
      if (sinceMs !== stream.sinceMs) {
        // Until its first frame is scored, the counter is that of whoever sent here before.
        stream.loss = new RecentLoss(frameEndMs > sinceMs ? 0 : lost);
        stream.sinceMs = sinceMs;
        stream.wellMs = nowMs;
      }
      stream.loss.look(lost, nowMs);
      if (nowMs - level.value.atMs >= FRESH_MS || isListenedTo(stream, nowMs)) stream.wellMs = nowMs;
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
    return this.#open().map((stream) => {
      const { record, level, score, loss, wellMs } = stream;
      const comes = nowMs - level.value.atMs < FRESH_MS;
      const { stuckSinceMs, frameEndMs, lagMs } = score.value;
      const stuck = stuckSinceMs !== 0 && frameEndMs > record.value.sinceMs;
      const listening = comes && isListenedTo(stream, nowMs);
      return {
        name: record.value.name,
        audioAgeMs: nowMs - Math.max(level.value.atMs, record.value.sinceMs),
        listening,
        deafMs: comes && !listening ? nowMs - wellMs : 0,
        stuckMs: comes && stuck ? nowMs - stuckSinceMs : 0,
        lagMs,
        lostSamples: loss.samples,
      };
    });
  }

  #open() {
    return this.#streams.filter(({ record, level, score }) => {
      level.refresh();
      score.refresh();
      return record.read().open;
    });
  }
}

interface Listened {
  readonly record: { readonly value: Pick<ValueOf<typeof STREAM.fields>, "sinceMs"> };
  readonly score: { readonly value: Pick<ValueOf<typeof SCORE.fields>, "armed" | "frameEndMs"> };
}

/** Whether a word in what comes would fire. */
function isListenedTo({ record, score }: Listened, nowMs: number): boolean {
  const { armed, frameEndMs } = score.value;
  return armed && frameEndMs > record.value.sinceMs && nowMs - frameEndMs < STALE_SCORE_MS;
}
