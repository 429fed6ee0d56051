/** What the page knows, as signals: fed by the messages of `/ws` and by a clock, read by the components. */
import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { LevelsView, LiveMessage } from "../src/web/schemas/live.ts";
import type { StateView } from "../src/web/schemas/state.ts";
import type { Notice } from "./actions.ts";
import { ScoreHistory } from "./history.ts";
import { type Connection, type Freshness, freshness } from "./live.ts";
import { describeActivation, type Sentence } from "./words.ts";

const SCORES_LAST_MS = 1_000;
/** Of detections, and of near misses: as many as the server sends. */
const HEARD_KEPT = 20;
const NOTICES_SHOWN = 3;

export type StreamLevel = LevelsView["streams"][number];

export interface NoticeEntry extends Notice {
  readonly id: number;
}

export interface EarOptions {
  /** Monotone milliseconds. */
  readonly nowMs: () => number;
  /** UTC, milliseconds, of this browser. */
  readonly wallMs: () => number;
}

export class Ear {
  readonly state: Signal<StateView | null> = signal(null);
  readonly levels: Signal<LevelsView | null> = signal(null);
  readonly connection: Signal<Connection> = signal({ kind: "connecting", again: false });
  readonly notices: Signal<readonly NoticeEntry[]> = signal([]);
  /** Monotone milliseconds, as of the last tick. */
  readonly tickMs: Signal<number>;
  readonly history = new ScoreHistory();
  /** Counts what the plot has to be drawn anew for. */
  readonly plotVersion = signal(0);

  readonly ageMs: ReadonlySignal<number | null>;
  readonly freshness: ReadonlySignal<Freshness>;
  readonly sentence: ReadonlySignal<Sentence>;
  /** Null where no level is known that is still true. */
  readonly rms: ReadonlySignal<number | null>;
  /** Whether the network sleeps over the local microphone's quiet; false where nothing is known. */
  readonly asleep: ReadonlySignal<boolean>;
  /** The newest of each stream from elsewhere, by its id; empty where no level is known that is still true. */
  readonly streamLevels: ReadonlySignal<ReadonlyMap<number, StreamLevel>>;
  /** The newest of each relay that listens for itself, by its id, linear 0..1; empty as above. */
  readonly relayLevels: ReadonlySignal<ReadonlyMap<string, number>>;
  /** False while inference yields no new frames, or nothing is known of it. */
  readonly scoresLive: ReadonlySignal<boolean>;

  readonly #options: EarOptions;
  readonly #newsAtMs: Signal<number | null> = signal(null);
  readonly #frameAtMs: Signal<number | null> = signal(null);
  #clockOffsetMs = 0;
  #noticeId = 0;

  constructor(options: EarOptions) {
    this.#options = options;
    this.tickMs = signal(options.nowMs());
    this.ageMs = computed(() => since(this.#newsAtMs.value, this.tickMs.value));
    this.freshness = computed(() => freshness(this.ageMs.value, this.state.value?.updateRateMs ?? 0));
    this.sentence = computed(
      () => describeActivation(this.state.value, this.freshness.value, this.#wholeSeconds.value, this.connection.value),
      { name: "sentence" },
    );
    this.rms = computed(() => {
      const activation = this.state.value?.activation;
      if (activation === undefined || this.freshness.value !== "live" || activation.state === "off") return null;
      return this.levels.value?.rms ?? activation.rms;
    });
    this.asleep = computed(() => this.rms.value !== null && this.levels.value?.asleep === true);
    this.streamLevels = computed(() => {
      const streams = this.freshness.value === "live" ? this.levels.value?.streams : undefined;
      return new Map(streams?.map((stream) => [stream.id, stream]));
    });
    this.relayLevels = computed(() => {
      const relays = this.freshness.value === "live" ? this.levels.value?.relays : undefined;
      return new Map(relays?.map(({ id, rms }) => [id, rms]));
    });
    this.scoresLive = computed(() => {
      const frameAgeMs = since(this.#frameAtMs.value, this.tickMs.value);
      const limitMs = Math.max(SCORES_LAST_MS, 3 * (this.state.value?.updateRateMs ?? 0));
      return this.freshness.value === "live" && frameAgeMs !== null && frameAgeMs <= limitMs;
    });
  }

  /** The sentence counts in seconds: it changes once a second, not at every tick. */
  readonly #wholeSeconds = computed(() => {
    const ageMs = this.ageMs.value;
    return ageMs === null ? null : Math.floor(ageMs / 1000) * 1000;
  });

  receive(message: LiveMessage): void {
    batch(() => {
      const nowMs = this.#options.nowMs();
      this.#newsAtMs.value = nowMs;
      this.tickMs.value = nowMs;
      switch (message.type) {
        case "hello":
          this.history.fill(message.history);
          this.levels.value = null;
          this.#frameAtMs.value = null;
          this.#takeState(message.state);
          break;
        case "state":
          this.#takeState(message.state);
          break;
        case "levels":
          if (message.levels.frame !== this.levels.peek()?.frame) this.#frameAtMs.value = nowMs;
          this.levels.value = message.levels;
          this.history.add(message.levels);
          this.plotVersion.value++;
          break;
        case "detection": {
          const state = this.state.peek();
          if (state === null) break;
          this.state.value = { ...state, detections: newestFirst(message.detection, state.detections) };
          this.plotVersion.value++;
          break;
        }
        case "near_miss": {
          const state = this.state.peek();
          if (state === null) break;
          this.state.value = { ...state, nearMisses: newestFirst(message.nearMiss, state.nearMisses) };
          this.plotVersion.value++;
        }
      }
    });
  }

  /** Moves the page's clock on; to be called a few times a second. */
  tick(): void {
    this.tickMs.value = this.#options.nowMs();
  }

  /** UTC as the server has it, milliseconds: what its timestamps are compared with, whatever this browser's clock says. */
  serverNowMs(): number {
    return this.#options.wallMs() + this.#clockOffsetMs;
  }

  notify(notice: Notice): void {
    this.notices.value = [...this.notices.value, { ...notice, id: this.#noticeId++ }].slice(-NOTICES_SHOWN);
  }

  dismiss(id: number): void {
    this.notices.value = this.notices.value.filter((notice) => notice.id !== id);
  }

  #takeState(state: StateView): void {
    this.#clockOffsetMs = state.now - this.#options.wallMs();
    this.history.setModels(state.models.map((model) => model.name));
    this.state.value = state;
    this.plotVersion.value++;
  }
}

function newestFirst<H extends { readonly id: number }>(newest: H, known: readonly H[]): H[] {
  return [newest, ...known.filter(({ id }) => id !== newest.id)].slice(0, HEARD_KEPT);
}

function since(atMs: number | null, nowMs: number): number | null {
  return atMs === null ? null : Math.max(0, nowMs - atMs);
}
