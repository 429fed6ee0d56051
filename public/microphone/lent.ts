/**
 * This browser as a relay of the house: the microphone, the connection to the hub and what is played, as signals for the
 * page. The hub listens for the wake word. What the browser gives is handed in.
 */
import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { RelayClient, type RelayClientOptions } from "../../src/relay/relay-client.ts";
import type { RelayEvent, Winner } from "../../src/relay/relay-events.ts";
import type { Notice } from "../actions.ts";
import type { DatedBy } from "./heard-at.ts";
import { Hops } from "./hops.ts";
import type { Identity } from "./identity.ts";
import type { MicrophoneState } from "./microphone.ts";
import type { Player } from "./player.ts";
import type { HeardSound } from "./sound-graph.ts";

/** How long it is shown who answered instead, and a reply that is not played. */
const SHOWN_MS = 6000;
/** A hub that has just begun to listen is not said to be deaf. */
const OFF_MS = 4000;
/** Without sound for so long there is no level to show. */
const LEVEL_MS = 1000;
/** How often it is told how late sound comes, and how exactly: a figure that flickers says less. */
const LATENESS_MS = 2000;
const LATENESS_STEP_MS = 5;

export type Link =
  | { readonly kind: "off" }
  | { readonly kind: "connecting" }
  | { readonly kind: "connected"; readonly hub: string; readonly id: string; readonly room: string | null }
  | { readonly kind: "away"; readonly code: string; readonly message: string; readonly retryAtMs: number }
  /** It would be of no use to try again. */
  | ({ readonly kind: "refused" } & Notice);

export type Turn =
  | { readonly kind: "quiet" }
  | { readonly kind: "answering" }
  | { readonly kind: "reply"; readonly text: string; readonly untilMs: number }
  | { readonly kind: "lost"; readonly winner: Winner; readonly untilMs: number };

export type HouseState = Extract<RelayEvent, { readonly type: "state" }>["state"];

export interface LentOptions {
  readonly identity: Identity;
  readonly version: string;
  readonly dial: (token: string | undefined) => RelayClientOptions["dial"];
  /** Why the hub does not let this browser in; null when it does, or nobody knows. */
  readonly askWhy: (token: string | undefined) => Promise<Notice | null>;
  readonly player: Pick<Player, "begin" | "push" | "leftMs" | "chime" | "stop">;
  /** Monotone milliseconds. */
  readonly nowMs: () => number;
  readonly random: () => number;
}

/** How late sound comes to the page, and how that is known. */
export interface Lateness {
  readonly ms: number;
  readonly by: DatedBy;
}

export interface Level {
  readonly rms: number;
  readonly noiseFloor: number;
  readonly peak: number;
}

export class LentMicrophone {
  readonly microphone: Signal<MicrophoneState> = signal({ kind: "closed" });
  readonly link: Signal<Link> = signal({ kind: "off" });
  readonly turn: Signal<Turn> = signal({ kind: "quiet" });
  readonly house: Signal<HouseState | null> = signal(null);
  /** Null until sound comes. */
  readonly lateness: Signal<Lateness | null> = signal(null);
  /** As of the last tick. */
  readonly tickMs: Signal<number>;
  /** Null where no sound comes. */
  readonly levels: ReadonlySignal<Level | null>;
  readonly rms: ReadonlySignal<number | null>;
  /** Whether the hub listens to nothing, and has not for a while. */
  readonly houseIsOff: ReadonlySignal<boolean>;

  readonly #offSinceMs: Signal<number | null> = signal(null);
  readonly #options: LentOptions;
  readonly #client: RelayClient;
  readonly #hops = new Hops();
  readonly #level: Signal<(Level & { readonly atMs: number }) | null> = signal(null);
  readonly #token: string | undefined;
  #latenessAtMs = Number.NEGATIVE_INFINITY;
  #welcomed = false;
  #replyText = "";
  /** When what was answered is over, and the hub is to be told; undefined while the sound still comes, or there is none. */
  #finishAtMs: number | undefined;

  constructor(options: LentOptions) {
    const { identity, version, dial, nowMs, random } = options;
    this.#options = options;
    this.#token = identity.token === "" ? undefined : identity.token;
    this.tickMs = signal(nowMs());
    this.levels = computed(() => {
      const level = this.#level.value;
      return level === null || this.tickMs.value - level.atMs > LEVEL_MS ? null : level;
    });
    this.rms = computed(() => this.levels.value?.rms ?? null);
    this.houseIsOff = computed(() => {
      const sinceMs = this.#offSinceMs.value;
      return sinceMs !== null && this.tickMs.value - sinceMs > OFF_MS;
    });
    this.#client = new RelayClient({
      identity: {
        id: this.#token === undefined ? identity.name : undefined,
        // The hub listens, and so knows better than this what there is to be heard.
        capabilities: { detects: false, evidence: false, onset: false, asks: false, plays: true },
        models: [],
        software: `browser, earshot ${version}`.slice(0, 100),
      },
      dial: dial(this.#token),
      monotonicMs: nowMs,
      random,
      whileAway: "silent",
      tell: (event) => batch(() => this.#follow(event)),
    });
  }

  start(): void {
    this.link.value = { kind: "connecting" };
    this.#welcomed = false;
    this.#client.start();
  }

  stop(): void {
    this.#client.stop();
    this.#options.player.stop();
    batch(() => {
      this.link.value = { kind: "off" };
      this.turn.value = { kind: "quiet" };
      this.house.value = null;
      this.#offSinceMs.value = null;
      this.#level.value = null;
      this.lateness.value = null;
    });
  }

  /** Does not wait for the next try. */
  retryNow(): void {
    const { kind } = this.link.value;
    if (kind !== "away" && kind !== "refused") return;
    this.#client.stop();
    this.start();
  }

  hear({ pcm, lostSamples, endMs, datedBy }: HeardSound): void {
    const nowMs = this.#options.nowMs();
    this.#tellLateness(nowMs - endMs, datedBy, nowMs);
    if (lostSamples > 0) this.#client.lost(lostSamples);
    for (const hop of this.#hops.take(pcm, endMs)) {
      this.#client.hear({ ...hop, scores: [], detections: [] });
      const { rms, noiseFloor, peak } = hop;
      this.#level.value = { rms, noiseFloor, peak, atMs: nowMs };
    }
  }

  #tellLateness(lateMs: number, by: DatedBy, nowMs: number): void {
    if (nowMs - this.#latenessAtMs < LATENESS_MS && this.lateness.peek()?.by === by) return;
    this.#latenessAtMs = nowMs;
    const ms = Math.max(0, Math.round(lateMs / LATENESS_STEP_MS) * LATENESS_STEP_MS);
    if (ms !== this.lateness.peek()?.ms || by !== this.lateness.peek()?.by) this.lateness.value = { ms, by };
  }

  /** What has become of the microphone. What it gives next does not continue what it gave. */
  follow(state: MicrophoneState): void {
    if (state.kind === "open" && this.microphone.peek().kind !== "open") {
      this.#hops.begin();
      this.#client.lost(1);
    }
    this.#client.deaf = state.kind === "open" ? undefined : "its microphone gives no sound";
    this.microphone.value = state;
    if (state.kind === "failed" && this.turn.peek().kind === "answering" && !this.#isUnderstood) {
      // Half a command is none.
      this.#client.finish();
      this.turn.value = { kind: "quiet" };
    }
  }

  /** Whether the hub has heard all that was said to this microphone. */
  get #isUnderstood(): boolean {
    const link = this.link.peek();
    const { relay, state } = this.house.peek()?.activation ?? {};
    return link.kind === "connected" && relay === link.id && (state === "processing" || state === "responding");
  }

  /** Ten times a second or so. */
  tick(): void {
    const nowMs = this.#options.nowMs();
    batch(() => {
      this.tickMs.value = nowMs;
      this.#client.tick();
      const turn = this.turn.peek();
      if ("untilMs" in turn && nowMs >= turn.untilMs) this.turn.value = { kind: "quiet" };
      if (this.#finishAtMs === undefined || nowMs < this.#finishAtMs) return;
      this.#finishAtMs = undefined;
      this.#client.finish();
    });
  }

  #follow(event: RelayEvent): void {
    const { player, nowMs } = this.#options;
    switch (event.type) {
      case "connected": {
        const { hub, id, room } = event.welcome;
        this.#welcomed = true;
        this.link.value = { kind: "connected", hub, id, room };
        break;
      }
      case "away":
        player.stop();
        this.turn.value = { kind: "quiet" };
        this.house.value = null;
        this.#offSinceMs.value = null;
        this.link.value = { kind: "away", code: event.code, message: event.message, retryAtMs: event.retryAtMs };
        if (!this.#welcomed) void this.#explain();
        this.#welcomed = false;
        break;
      case "state":
        this.house.value = event.state;
        this.#offSinceMs.value = event.state.activation.state === "off" ? (this.#offSinceMs.value ?? nowMs()) : null;
        break;
      case "granted":
        player.chime();
        this.#finishAtMs = undefined;
        this.turn.value = { kind: "answering" };
        break;
      case "lost":
        this.#lose(event.winner);
        break;
      case "reply":
        this.#replyText = event.text;
        if (event.sampleRateHz !== undefined) player.begin(event.sampleRateHz);
        this.turn.value = { kind: "reply", text: event.text, untilMs: nowMs() + SHOWN_MS };
        if (event.sampleRateHz === undefined) this.#finishAtMs = nowMs();
        break;
      case "speech":
        player.push(event.pcm);
        break;
      case "reply_end": {
        const playedAtMs = nowMs() + player.leftMs;
        this.#finishAtMs = playedAtMs;
        const untilMs = Math.max(playedAtMs, nowMs() + SHOWN_MS);
        this.turn.value = { kind: "reply", text: this.#replyText, untilMs };
        break;
      }
      case "over":
        if (this.turn.value.kind === "answering") this.turn.value = { kind: "quiet" };
        break;
    }
  }

  /** What it already answers goes on, whoever answers the next word. */
  #lose(winner: Winner | undefined): void {
    const { kind } = this.turn.value;
    if (winner === undefined) this.turn.value = { kind: "quiet" };
    else if (kind === "quiet" || kind === "lost") {
      this.turn.value = { kind: "lost", winner, untilMs: this.#options.nowMs() + SHOWN_MS };
    }
  }

  /** A browser tells no page why a WebSocket was refused: the same is asked again, as a request. */
  async #explain(): Promise<void> {
    const notice = await this.#options.askWhy(this.#token).catch(() => null);
    if (notice === null || this.link.value.kind !== "away") return;
    this.#client.stop();
    this.link.value = { kind: "refused", ...notice };
  }
}
