/**
 * When a microphone's sound was heard, which may be a while before the page has it. What browsers say of that differs, and
 * some say nothing, or what cannot be. Time is handed in.
 *
 * | by | what it is | where it is known |
 * |---|---|---|
 * | `stamps` | each piece's own time (AudioData.timestamp) | Chromium, for sound that is read from the track |
 * | `track` | the track's measured latency (MediaStreamTrack.stats) | Chromium from 125 on |
 * | `settings` | what the device was opened with (MediaTrackSettings.latency) | where the browser says it |
 * | `guess` | {@link ASSUMED_MS} | everywhere else |
 */

/** Between a microphone and a page stand at least two buffers of 10 to 20 ms. */
const ASSUMED_MS = 25;
/** What is later than this is a mistake. */
const LATEST_MS = 500;
/** Some stamp a buffer when they have it, as if it began then: it is ahead of the clock by its length. */
const AHEAD_MS = 20;
/** A device's delay is another when it was opened anew, and two clocks drift apart. */
const WINDOW_MS = 5000;

export type DatedBy = "stamps" | "track" | "settings" | "guess";

/** What a browser says of a track's latency, ms; undefined where it says nothing. */
export interface ToldLatency {
  readonly track: number | undefined;
  readonly settings: number | undefined;
}

export interface HeardAtOptions {
  /** How much longer sound takes to the page than is told, ms. */
  readonly onTheWayMs: number;
  readonly told: () => ToldLatency;
}

export class HeardAt {
  readonly #options: HeardAtOptions;
  /** By how much stamps were older than what they came at, at least: of this window, and of the one before. */
  #least = Number.POSITIVE_INFINITY;
  #leastBefore = Number.POSITIVE_INFINITY;
  #windowEndsMs = Number.NEGATIVE_INFINITY;
  #by: DatedBy = "guess";

  constructor(options: HeardAtOptions) {
    this.#options = options;
  }

  /** What the newest was dated by. */
  get by(): DatedBy {
    return this.#by;
  }

  /**
   * @param stampMs of the last sample, as far as it has one @param nowMs when it came
   * @returns when that sample was heard, by the page's clock: never later than it came
   */
  of(stampMs: number | undefined, nowMs: number): number {
    const least = stampMs === undefined ? Number.POSITIVE_INFINITY : this.#leastOf(nowMs - stampMs, nowMs);
    if (stampMs !== undefined && least >= -AHEAD_MS && least <= LATEST_MS) {
      this.#by = "stamps";
      return stampMs + Math.min(0, least);
    }
    const { told, onTheWayMs } = this.#options;
    const { track, settings } = told();
    this.#by = isLatency(track) ? "track" : isLatency(settings) ? "settings" : "guess";
    const toldMs = isLatency(track) ? track : isLatency(settings) ? settings : ASSUMED_MS;
    return nowMs - Math.min(LATEST_MS, toldMs + onTheWayMs);
  }

  /** What a held-up page takes late says nothing of the clock that stamps: only the least does. */
  #leastOf(lateMs: number, nowMs: number): number {
    if (nowMs >= this.#windowEndsMs) {
      this.#leastBefore = this.#least;
      this.#least = Number.POSITIVE_INFINITY;
      this.#windowEndsMs = nowMs + WINDOW_MS;
    }
    this.#least = Math.min(this.#least, lateMs);
    return Math.min(this.#least, this.#leastBefore);
  }
}

/** Nothing comes at once: zero is what is said where nothing is known. */
function isLatency(ms: number | undefined): ms is number {
  return ms !== undefined && ms > 0 && ms <= LATEST_MS;
}
