/** What was heard, and nearly: read from the shared memory as it comes, and kept for a while. Runs in the web worker. */
import type { HeardWord } from "../hub/hub-ears.ts";
import type { SharedMemory } from "../memory/shared-memory.ts";
import type { DetectionView, NearMissView } from "./schemas/detections.ts";
import type { LiveMessage } from "./schemas/live.ts";
import { detectionView, nearMissView } from "./views.ts";

/** Of detections, and of near misses. */
const KEPT = 100;

/** What was heard, as pages are told of it. */
export type HeardMessage = Extract<LiveMessage, { readonly type: "detection" | "near_miss" }>;

/** A word that a relay heard itself. */
export interface WordElsewhere {
  readonly relayId: string;
  readonly model: string;
  readonly confidence: number;
  /** Here; 0 where this machine does not listen for it. */
  readonly threshold: number;
  /** When it ended, monotonic ms. */
  readonly endedAtMs: number;
}

/** Of the stream of a word that came without one. */
const NO_STREAM = -1;

export class HeardWords {
  readonly #ring;
  readonly #utcOf: (atMs: number) => number;
  readonly #detections: DetectionView[] = [];
  readonly #nearMisses: NearMissView[] = [];
  /** Of words that are in no ring: negative, as those count their own. */
  #lastId = 0;
  readonly #untold: HeardMessage[] = [];

  /** @param utcOf makes UTC of monotonic milliseconds */
  constructor(memory: SharedMemory, utcOf: (atMs: number) => number) {
    this.#ring = memory.detectionReader("oldest");
    this.#utcOf = utcOf;
  }

  /** @param claim called with each wake word. @returns what is new, oldest first */
  take(claim: (word: HeardWord) => void): HeardMessage[] {
    const fresh = this.#untold.splice(0);
    for (let event = this.#ring.next(); event !== undefined; event = this.#ring.next()) {
      const timestamp = this.#utcOf(event.frameEndMs);
      if (event.kind === "detection") {
        const detection = detectionView(event, timestamp, false);
        fresh.push({ type: "detection", detection });
        keep(this.#detections, detection);
        claim(event);
      } else {
        const nearMiss = nearMissView(event, timestamp, event.kind);
        fresh.push({ type: "near_miss", nearMiss });
        keep(this.#nearMisses, nearMiss);
      }
    }
    return fresh;
  }

  /** Keeps a word that a person asked for, as if it had been heard now. */
  simulate(model: string, confidence: number, timestamp: number): DetectionView {
    const id = --this.#lastId;
    const heard = { id, stream: 0, source: "", model, label: model, confidence, threshold: 0 };
    const detection = detectionView(heard, timestamp, true);
    keep(this.#detections, detection);
    return detection;
  }

  /** Keeps it; it is told with what is taken next. */
  elsewhere({ relayId, endedAtMs, ...word }: WordElsewhere): void {
    const heard = { ...word, id: --this.#lastId, label: word.model, stream: NO_STREAM, source: relayId };
    const detection = detectionView(heard, this.#utcOf(endedAtMs), false);
    keep(this.#detections, detection);
    this.#untold.push({ type: "detection", detection });
  }

  /** Newest first. */
  detections(limit: number): DetectionView[] {
    return this.#detections.slice(0, limit);
  }

  /** Newest first. */
  nearMisses(limit: number): NearMissView[] {
    return this.#nearMisses.slice(0, limit);
  }
}

/** Newest first, and no more than are of interest. */
function keep<T>(kept: T[], newest: T): void {
  kept.unshift(newest);
  kept.length = Math.min(kept.length, KEPT);
}
