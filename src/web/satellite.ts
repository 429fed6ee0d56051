/**
 * This machine as a relay, within the web worker: what inference hears goes to a hub elsewhere, and what that decides
 * wakes the house. A word that is heard here wakes nobody before the verdict, unless the hub is away and it may answer
 * alone.
 */
import { LOOK_BACK_SAMPLES, measureWord } from "../arbitration/measure.ts";
import { hubPage, relayUrl } from "../config/relay-url.ts";
import { type Config, leastRms } from "../config/schema.ts";
import type { Guards } from "../hub/guards.ts";
import { isNear, type Place } from "../hub/nearby.ts";
import type { SharedMemory } from "../memory/shared-memory.ts";
import type { HouseSpeaker } from "../playback/house-speaker.ts";
import type { HouseState } from "../relay/messages-to-relay.ts";
import type { OwnPapers } from "../relay/own-papers.ts";
import { type HubSocket, type HubSocketEvents, RelayClient } from "../relay/relay-client.ts";
import type { RelayEvent } from "../relay/relay-events.ts";
import type { House } from "./house.ts";
import { SatelliteEar } from "./satellite-ear.ts";
import { SatelliteVoice, type Speaker } from "./satellite-voice.ts";
import type { SatelliteView } from "./schemas/satellite.ts";

/** How often the connection is looked after. */
const TICK_MS = 100;
/** How often the measuring of a word runs before it is fast. */
const MEASURED_FIRST = 3;
/** While only sound is sent, or something is played, looks are this far apart. */
const SOUND_MS = 40;
const LOCAL_STREAM = 0;
/** A command is over when the hub says so; if it never does, the state of the relay ends by itself then. */
const MOST_AWAKE_MS = 30_000;
/** What is shown of a word that the hub heard for this relay, until it says which. */
const SOME_WORD: Word = { model: "wake word", confidence: 1 };

interface Word {
  readonly model: string;
  readonly confidence: number;
}

export interface SatelliteOptions {
  readonly memory: SharedMemory;
  readonly config: () => Config;
  readonly papers: Pick<OwnPapers, "token" | "authority" | "trouble">;
  /** Words that are listened for. */
  readonly models: () => readonly string[];
  readonly dial: (
    url: string,
    token: string | undefined,
    authority: string | undefined,
  ) => (events: HubSocketEvents) => HubSocket;
  readonly monotonicMs: () => number;
  readonly unixMs: () => number;
  readonly random: () => number;
  readonly hostName: string;
  readonly version: string;
  readonly house: () => House;
  /** Undefined on a machine without one. */
  readonly speaker?: Pick<HouseSpeaker, keyof Speaker | "look" | "isPlaying"> | undefined;
  readonly guards?: Guards | undefined;
  /** For whoever follows the relay from outside. */
  readonly report: (event: RelayEvent) => void;
  readonly log: {
    info(event: string, fields: Record<string, unknown>): void;
    warn(event: string, fields: Record<string, unknown>): void;
  };
}

type Link =
  | {
      readonly kind: "connected";
      readonly sinceMs: number;
      readonly hub: string;
      readonly id: string;
      readonly room: string | null;
      readonly zone: string;
    }
  | { readonly kind: "away"; readonly sinceMs: number; readonly code: string; readonly why: string };

export class Satellite {
  readonly #options: SatelliteOptions;
  readonly #client: RelayClient;
  readonly #ear: SatelliteEar;
  readonly #voice: SatelliteVoice;
  readonly #hub: string;
  #link: Link;
  /** As the hub last said. */
  #state: HouseState | undefined;
  /** The newest word that was claimed. */
  #word = SOME_WORD;
  /** The hub has not said yet which word it was. */
  #unnamed = false;
  /** Of its papers, as the log was told last. */
  #toldTrouble: string | undefined;
  /** What was granted and is not over. */
  #fence: number | undefined;
  #ticksAtMs = Number.NEGATIVE_INFINITY;

  /** @param options.config must name a hub */
  constructor(options: SatelliteOptions) {
    this.#options = options;
    const { memory, config, papers, dial, monotonicMs, random, models, hostName, version } = options;
    const { hub = "", id, audio_only: soundOnly } = config().relay;
    const url = relayUrl(hub);
    const plays = options.speaker !== undefined;
    this.#hub = hub;
    this.#link = { kind: "away", sinceMs: monotonicMs(), code: "connecting", why: "not connected yet" };
    this.#ear = new SatelliteEar({
      memory,
      soundOnly,
      thresholdOf: (model, own) => config().wake.models[model]?.threshold ?? own,
      leastRms: () => leastRms(config()),
    });
    this.#voice = new SatelliteVoice(options.speaker, () => {
      this.#client.finish();
      this.#end();
    });
    this.#client = new RelayClient({
      identity: {
        get id() {
          return id ?? (papers.token === undefined ? (config().name ?? hostName) : undefined);
        },
        capabilities: { detects: !soundOnly, evidence: !soundOnly, onset: true, asks: !soundOnly, plays },
        get models() {
          return soundOnly ? [] : models();
        },
        software: `earshot ${version}`,
      },
      dial: (events) => dial(url, papers.token, papers.authority)(events),
      monotonicMs,
      random,
      get whileAway() {
        return config().relay.while_away;
      },
      tell: (event) => this.#follow(event),
    });
  }

  get connected(): boolean {
    return this.#link.kind === "connected";
  }

  start(): void {
    // What a predecessor was granted went with its connection.
    this.#options.house().forget();
    this.#mindPapers();
    // What measures a word is compiled when it has run: not when the first word waits for it.
    for (let run = 0; run < MEASURED_FIRST; run++) measureWord(new Int16Array(LOOK_BACK_SAMPLES), LOOK_BACK_SAMPLES, 0);
    this.#client.start();
  }

  /** With each look at the house, and whenever {@link wakeInMs} is over. */
  look(): void {
    const nowMs = this.#options.monotonicMs();
    const house = this.#options.house();
    this.#client.muted = house.muted;
    this.#client.deaf = house.deafness;
    this.#ear.look(this.#client);
    if (house.muted && this.#fence !== undefined && this.#isSpokenTo) this.#giveUp();
    this.#options.speaker?.look();
    this.#options.guards?.look(this.#hearsAnAnswer() ? [LOCAL_STREAM] : [], nowMs);
    if (nowMs < this.#ticksAtMs) return;
    this.#ticksAtMs = nowMs + TICK_MS;
    this.#mindPapers();
    this.#client.tick();
  }

  /** A loudspeaker near this microphone says something: its own, or that of another relay. */
  #hearsAnAnswer(): boolean {
    if (this.#options.speaker?.isPlaying) return true;
    const link = this.#link;
    if (link.kind !== "connected") return false;
    const relays = this.#state?.relays ?? [];
    const own = placeOf(relays.find(({ id }) => id === link.id) ?? link);
    return relays.some((relay) => relay.responding === true && relay.id !== link.id && isNear(placeOf(relay), own));
  }

  /** What was granted is still being said, as far as the hub has told. */
  get #isSpokenTo(): boolean {
    const { state } = this.#options.house().activations.house;
    return state === "awake" || state === "recording";
  }

  /** Half a command is none: whoever mutes has not said it. */
  #giveUp(): void {
    this.#options.log.info("muted in the middle of a command", { fence: this.#fence });
    this.#client.finish();
    this.#end();
  }

  /** When to look again at the latest. */
  get wakeInMs(): number {
    const { audio_only: soundOnly } = this.#options.config().relay;
    const tickInMs = Math.max(1, this.#ticksAtMs - this.#options.monotonicMs());
    return soundOnly || this.#options.speaker?.isPlaying ? Math.min(SOUND_MS, tickInMs) : tickInMs;
  }

  /** Somebody ends what is stuck. */
  reset(): void {
    this.#client.finish();
    this.#voice.over();
    this.#fence = undefined;
  }

  view(): SatelliteView {
    const { config, papers, monotonicMs, unixMs } = this.#options;
    const { while_away: whileAway, audio_only: audioOnly } = config().relay;
    const link = this.#link;
    const connected = link.kind === "connected";
    return {
      hub: this.#hub,
      page: hubPage(this.#hub),
      connected,
      hubName: connected ? link.hub : null,
      id: connected ? link.id : null,
      code: connected ? null : link.code,
      why: connected ? null : (papers.trouble ?? link.why),
      since: Math.round(unixMs() - (monotonicMs() - link.sinceMs)),
      whileAway,
      audioOnly,
      house: this.#state === undefined || !connected ? null : houseView(this.#state),
    };
  }

  close(): void {
    this.#client.stop();
  }

  #follow(event: RelayEvent): void {
    const { house, log, monotonicMs, report } = this.#options;
    report(event);
    switch (event.type) {
      case "connected": {
        const { hub, id, room, zone } = event.welcome;
        this.#link = { kind: "connected", sinceMs: monotonicMs(), hub, id, room, zone };
        log.info("part of a house", { hub, as: id });
        return;
      }
      case "away":
        this.#leave(event);
        return;
      case "claimed": {
        const { model, confidence } = event;
        this.#word = { model, confidence };
        house().contend(model, "", confidence);
        return;
      }
      case "granted":
        this.#wake(event.fence);
        return;
      case "lost": {
        const { why, winner } = event;
        const outcome = winner === undefined ? "this relay does not answer" : "another answers";
        log.info(outcome, { why, ...(winner !== undefined && { winner: winner.id }) });
        house().settle(new Set());
        this.#end();
        return;
      }
      case "alone":
        log.info("answers alone: the hub is away", { model: event.model });
        this.#voice.granted();
        house().wake(event.model, "", event.confidence);
        return;
      case "enough":
        house().step({ type: "processing", fence: event.fence });
        return;
      case "reply":
        if (this.#fence !== undefined) house().step({ type: "responding", fence: this.#fence });
        this.#voice.reply(event);
        return;
      case "speech":
        this.#voice.speech(event);
        return;
      case "reply_end":
        this.#voice.replyEnd(event.reply);
        return;
      case "over":
        this.#end();
        return;
      case "state":
        this.#state = event.state;
        this.#followState(event.state);
        return;
      case "error":
        log.warn("the hub did not understand", { code: event.code, message: event.message });
    }
  }

  /** A hub on this machine takes a relay without them: it must be told all the same. */
  #mindPapers(): void {
    const { papers, log } = this.#options;
    if (papers.trouble === this.#toldTrouble) return;
    this.#toldTrouble = papers.trouble;
    if (papers.trouble !== undefined) log.warn("a file of this relay is of no use", { why: papers.trouble });
  }

  #leave({ code, message, hint }: Extract<RelayEvent, { readonly type: "away" }>): void {
    const { log, monotonicMs } = this.#options;
    const before = this.#link;
    const why = hint === "" ? message : `${message}; ${hint}`;
    const said = before.kind === "away" && before.why === why;
    if (!said) log.warn("the hub is away", { hub: this.#hub, code, why: message, ...(hint !== "" && { hint }) });
    const sinceMs = before.kind === "away" ? before.sinceMs : monotonicMs();
    this.#link = { kind: "away", sinceMs, code, why };
    this.#state = undefined;
  }

  #wake(fence: number): void {
    const { config, log } = this.#options;
    this.#fence = fence;
    this.#voice.granted();
    log.info("this relay answers", { fence });
    this.#unnamed = config().relay.audio_only;
    this.#show(this.#unnamed ? SOME_WORD : this.#word, fence);
  }

  #show({ model, confidence }: Word, fence: number): void {
    this.#options.house().wake(model, "", confidence, fence, MOST_AWAKE_MS);
  }

  /** The hub's own word of what it does with the command of this relay. */
  #followState({ activation }: HouseState): void {
    const fence = this.#fence;
    if (fence === undefined || this.#link.kind !== "connected" || activation.relay !== this.#link.id) return;
    const { state, model, confidence } = activation;
    if (this.#unnamed && model !== "") {
      this.#unnamed = false;
      this.#show({ model, confidence }, fence);
    }
    if (state === "recording" || state === "processing" || state === "responding") {
      this.#options.house().step({ type: state, fence });
    }
  }

  #end(): void {
    this.#voice.over();
    if (this.#fence === undefined) return;
    this.#options.house().step({ type: "ended", fence: this.#fence });
    this.#fence = undefined;
  }
}

function placeOf({ room, zone }: { readonly room: string | null; readonly zone: string }): Place {
  return { room: room ?? undefined, zone };
}

function houseView({ activation, relays }: HouseState): SatelliteView["house"] {
  const { state, model, relay } = activation;
  return {
    state,
    model: model === "" ? null : model,
    relay,
    relays: relays.map(({ id, room, status, responding = false }) => ({ id, room, status, responding })),
  };
}
