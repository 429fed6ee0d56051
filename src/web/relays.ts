/**
 * The house of relays within the web worker: arbitration, those for whom the hub listens, and the connections of Earshot's
 * own protocol, put together.
 */
import { readFile } from "node:fs/promises";
import { Arbiter } from "../arbitration/arbiter.ts";
import { POLICIES } from "../arbitration/policies/by-name.ts";
import type { RelayFacts } from "../arbitration/relay.ts";
import { contending } from "../arbitration/round.ts";
import type { Trouble } from "../command/sink.ts";
import { type Config, DEFAULT_ZONE, leastRms } from "../config/schema.ts";
import { ArbitrationRecord } from "../hub/arbitration-record.ts";
import { NOTHING_LEARNED } from "../hub/gains-file.ts";
import type { Guards } from "../hub/guards.ts";
import { Hub } from "../hub/hub.ts";
import { HubEars } from "../hub/hub-ears.ts";
import { type RemoteStream, RemoteStreams, type StreamEnd } from "../hub/remote-streams.ts";
import type { Seat } from "../hub/seat.ts";
import { Senders } from "../hub/senders.ts";
import { Loqa } from "../loqa/loqa.ts";
import type { SharedMemory } from "../memory/shared-memory.ts";
import type { HouseSpeaker } from "../playback/house-speaker.ts";
import { ConnectedRelays } from "../relay/connected-relays.ts";
import { TICK_MS } from "../relay/limits.ts";
import { RelayDesk } from "../relay/relay-desk.ts";
import { AnswersAloud } from "./answers-aloud.ts";
import { commandView } from "./command-view.ts";
import type { House } from "./house.ts";
import { HouseNews } from "./house-news.ts";
import { type KeptLearned, RelayKnowledge } from "./relay-knowledge.ts";
import { RelayList } from "./relay-list.ts";
import { RoundList } from "./round-list.ts";
import type { CommandView } from "./schemas/commands.ts";
import type { RelayView } from "./schemas/relays.ts";
import type { ArbitrationView, RoundView } from "./schemas/rounds.ts";
import { SecondedWords } from "./seconded-words.ts";
import { SpokenCommands } from "./spoken-commands.ts";

/** While somebody waits for an answer, looks are this far apart. */
const ASKED_MS = 20;
/** While the sound of a stream is passed on: two blocks of what a source writes. */
const SOUNDING_MS = 40;

export interface RelaysOptions {
  readonly memory: SharedMemory;
  readonly config: () => Config;
  readonly monotonicMs: () => number;
  readonly unixMs: () => number;
  readonly hostName: string;
  readonly house: () => House;
  /** Undefined on a machine that has none. */
  readonly speaker?: HouseSpeaker;
  readonly guards?: Guards;
  /** Who has a token. */
  readonly tokenNames: () => readonly string[];
  /** What an earlier life learned of relays, and where it is kept; without it, nowhere. */
  readonly kept?: KeptLearned;
  readonly log: {
    info(event: string, fields: Record<string, unknown>): void;
    warn(event: string, fields: Record<string, unknown>): void;
  };
}

export class Relays {
  readonly connected: ConnectedRelays;
  readonly #options: RelaysOptions;
  readonly #arbiter: Arbiter;
  readonly #hub: Hub;
  readonly #ears: HubEars;
  readonly #streams: RemoteStreams;
  readonly #desk: RelayDesk;
  readonly #loqa: Loqa;
  readonly #spoken: SpokenCommands;
  /** When commands end that nobody but time ends, by fence: never, until something of them is heard. */
  readonly #ends = new Map<number, number>();
  readonly #senders: Senders;
  readonly #record: ArbitrationRecord;
  readonly #news: HouseNews;
  readonly #rounds: RoundList;
  readonly list: RelayList;
  /** Gains, whom to believe, and the setting of gains by a sound. */
  readonly knowledge: RelayKnowledge;
  readonly #localId: string;
  readonly #seconded = new SecondedWords();
  readonly #aloud: AnswersAloud;
  /** Looked at last, and as much of it as relays are told by. */
  #configured: Config | undefined;
  #configuration = "";
  #ticksAtMs = 0;

  constructor(options: RelaysOptions) {
    this.#options = options;
    const { memory, monotonicMs, log, house, config } = options;
    this.knowledge = new RelayKnowledge({
      ...{ monotonicMs, unixMs: options.unixMs, log },
      rounds: () => this.#arbiter.records(),
      seats: () => this.#microphones(),
      placeOf: (id) => {
        const { room, gain } = config().relays[id] ?? {};
        return { room, statedGainDb: gain };
      },
      kept: options.kept ?? { learned: NOTHING_LEARNED, keep: () => {} },
      changed: () => this.#hub.refreshFacts(),
      calibrate: ({ connection }, calibration, listenMs) => {
        const session = this.connected.of(connection);
        if (session?.introduction?.capabilities.calibrates !== true) return false;
        session.tell({ type: "calibrate", calibration, listenMs });
        return true;
      },
      calibrateStreams: (listenMs) => this.#ears.calibrate(listenMs),
    });
    // A fence must be above all that a predecessor gave: its clock is, and it gives one a millisecond at most.
    this.#arbiter = new Arbiter({ ...this.#rules(), firstFence: Math.floor(monotonicMs()) });
    this.#record = new ArbitrationRecord(memory, this.#arbiter);
    this.#localId = config().name ?? options.hostName;
    this.#streams = new RemoteStreams({ memory, monotonicMs, muted: () => house().muted, log });
    this.#hub = new Hub({
      arbiter: this.#arbiter,
      monotonicMs,
      // Whoever looks sleeps until what was due when it last looked.
      sooner: () => memory.webBell.ring(),
      changed: () => {
        this.#record.publish(this.#localId);
        memory.webBell.ring();
      },
      factsOf: (seat, can) => this.#factsOf(seat, can),
      events: {
        contended: ({ relayId, model, confidence }) => house().contend(model, this.#sourceOf(relayId), confidence),
        granted: (grant) => {
          const { relayId, model, confidence, fence, endedAtMs } = grant;
          const seat = this.#hub.seats.get(relayId);
          if (seat !== undefined && seat.stream === undefined) {
            house().heardElsewhere({ relayId, model, confidence, endedAtMs });
          } else if (seat?.stream !== undefined && grant.seconds !== undefined) {
            this.#seconded.granted({ stream: seat.stream, relayId, model, confidence, endedAtMs });
          }
          house().wake(model, this.#sourceOf(relayId), confidence, fence);
          this.#settle();
          this.knowledge.granted(grant);
          if (relayId === this.#localId) options.speaker?.wake();
          if (!this.#spoken.granted(grant)) this.#ends.set(fence, Number.POSITIVE_INFINITY);
        },
        sound: (sound) => {
          const isFirst = this.#ends.get(sound.fence) === Number.POSITIVE_INFINITY;
          if (isFirst) this.#ends.set(sound.fence, monotonicMs() + config().activation.hold);
          this.knowledge.sound(sound);
          this.#spoken.sound(sound);
        },
        over: (fence, why) => {
          this.knowledge.over(fence);
          this.#aloud.over(fence);
          this.#ends.delete(fence);
          this.#spoken.over(fence, why);
          house().step({ type: "ended", fence });
        },
      },
      isOwnVoice: (relayId, model) => this.#aloud.isOwnVoice(relayId, model),
      log,
    });
    this.#spoken = new SpokenCommands({
      ...{ memory, config, monotonicMs, log, hostName: options.hostName, unixMs: options.unixMs },
      hub: () => this.#hub,
      muted: () => house().muted,
      told: (event) => house().step(event),
      said: (relayId, { text, speech }) => {
        if (speech !== undefined) this.#aloud.says(relayId, text);
      },
      scores: () => house().levels().scores,
      thresholdOf: (model) =>
        house()
          .models()
          .find(({ name }) => name === model)?.threshold ?? 0,
    });
    this.#aloud = new AnswersAloud({
      ...{ hub: this.#hub, relays: this.#arbiter.relays, config, monotonicMs, localId: this.#localId },
      ...{ speaker: options.speaker, guards: options.guards },
      activations: () => house().activations,
    });
    this.#ears = new HubEars({
      muted: () => house().muted,
      ...{ memory, hub: this.#hub, monotonicMs },
      thresholdOf: (model, own) => config().wake.models[model]?.threshold ?? own,
      leastRms: () => leastRms(config()),
      preRollMs: () => config().command.pre_roll,
      envelope: (sender, claim, envelope) => this.knowledge.envelope(sender, claim, envelope),
      burst: (relayId, report) => this.knowledge.burst(relayId, "newest", report),
    });
    this.#senders = new Senders({ hub: this.#hub, ears: this.#ears, streams: this.#streams, monotonicMs });
    this.#desk = new RelayDesk({
      hub: this.#hub,
      ears: this.#ears,
      monotonicMs,
      placeOf: (id) => {
        const { room, zone = DEFAULT_ZONE } = config().relays[id] ?? {};
        return { room, zone };
      },
      openStream: (name, address) => this.#streams.open(name, address),
      envelope: (sender, claim, envelope) => this.knowledge.envelope(sender, claim, envelope),
      calibrated: ({ relayId }, calibration, report) => this.knowledge.burst(relayId, calibration, report),
    });
    this.connected = new ConnectedRelays({
      handler: this.#desk,
      monotonicMs,
      hubName: () => config().name ?? options.hostName,
      nextConnection: () => this.#hub.nextConnection(),
    });
    this.#loqa = new Loqa({
      ...{ hub: this.#hub, config, monotonicMs, log },
      readText: (path) => readFile(path, "utf8"),
      sooner: () => memory.webBell.ring(),
    });
    const times = { monotonicMs, unixMs: options.unixMs };
    this.#news = new HouseNews({
      ...{ arbiter: this.#arbiter, house, connected: () => this.connected, localId: this.#localId, monotonicMs },
      responding: () => this.#aloud.responding(),
      again: () => setImmediate(() => memory.webBell.ring()),
    });
    this.#rounds = new RoundList({ arbiter: this.#arbiter, ...times });
    this.list = new RelayList({
      ...{ hub: this.#hub, arbiter: this.#arbiter, config, ...times },
      tokenNames: options.tokenNames,
      knownOf: (id) => this.knowledge.viewOf(id),
      reportsOf: (connection) => this.#desk.reportsOf(connection),
    });
    house().abandon();
    this.#joinLocal();
  }

  /** With each look at the house, and whenever {@link wakeInMs} is over. */
  look(): void {
    const nowMs = this.#options.monotonicMs();
    this.#followConfiguration();
    this.#ears.look();
    this.#spoken.look();
    this.knowledge.look();
    this.#loqa.look();
    this.#desk.look();
    if (nowMs >= this.#ticksAtMs) {
      this.#ticksAtMs = nowMs + TICK_MS;
      this.connected.tick();
      this.#streams.look();
    }
    for (const { relayId, stream: _, ...word } of this.#seconded.due(nowMs)) {
      this.#options.house().heardElsewhere({ relayId: this.#sourceOf(relayId), ...word });
    }
    for (const [fence, atMs] of this.#ends) {
      if (nowMs < atMs) continue;
      this.#ends.delete(fence);
      this.#hub.enough(fence);
      this.#hub.finish(fence);
    }
    this.#senders.look(nowMs);
    if (nowMs >= this.#hub.wakeAtMs) this.#hub.tell({ type: "tick" });
    this.#settle();
    this.#aloud.look(nowMs);
    // While a command is served, only the time until which it is waited for moves.
    if (this.#arbiter.rounds.length > 0) this.#record.publish(this.#localId);
    this.#news.look();
  }

  /** A word is arbitrated as long as its round is open. */
  #settle(): void {
    const open = this.#arbiter.rounds.filter(({ phase }) => phase === "open");
    const contenders = open.flatMap((round) => contending(round).map(({ relayId }) => this.#sourceOf(relayId)));
    this.#options.house().settle(new Set(contenders));
  }

  /** When to look again at the latest. */
  get wakeInMs(): number {
    const nowMs = this.#options.monotonicMs();
    const asked = this.#ears.isAsked
      ? ASKED_MS
      : this.#ears.isSounding || this.#ears.isHearing || this.#options.speaker?.isPlaying
        ? SOUNDING_MS
        : TICK_MS;
    const dueAtMs = Math.min(
      ...[this.#hub.wakeAtMs, this.#news.wakeAtMs, this.#loqa.wakeAtMs, this.knowledge.wakeAtMs],
    );
    return Math.max(1, Math.min(asked, dueAtMs - nowMs));
  }

  /** Somebody ends what is stuck: rounds and commands too. */
  reset(): void {
    this.#hub.tell({ type: "reset", zone: undefined });
  }

  /** A wake word that inference heard. */
  heard(word: Parameters<HubEars["heard"]>[0]): void {
    this.#seconded.heard(word.stream, word.model);
    this.#ears.heard(word);
  }

  /** Sound that comes by a request without an end: a relay that can do nothing else. */
  openSender(id: string, address: string): RemoteStream | StreamEnd {
    return this.#senders.open(id, address);
  }

  arbitration(): ArbitrationView {
    const { window, max_relays, policy } = this.#options.config().arbitration;
    const { now, views } = this.#rounds;
    return { windowMs: window, maxRelays: max_relays, policy, now, rounds: [...views] };
  }

  /** How it was decided who answers; newest first. */
  rounds(): readonly RoundView[] {
    return this.#rounds.views;
  }

  /** The newest commands; newest first. */
  commands(): readonly CommandView[] {
    return this.#spoken.recent.map(commandView);
  }

  /** Connected, and not seated before their first word. */
  get unnamed(): number {
    return this.#loqa.calls;
  }

  relays(): readonly RelayView[] {
    return this.list.views;
  }

  /** What health should tell of what follows a verdict. */
  get troubles(): readonly Trouble[] {
    const loqa = this.#loqa.trouble;
    const hint = "see loqa.port and loqa.nats in the configuration; it is tried again by itself";
    return [...this.#spoken.troubles, ...(loqa === undefined ? [] : [{ code: "loqa", message: loqa, hint }])];
  }

  async close(): Promise<void> {
    this.#spoken.close();
    this.connected.dismissAll();
    await this.#loqa.close();
  }

  #joinLocal(): void {
    const { monotonicMs } = this.#options;
    const id = this.#localId;
    const connection = this.#hub.nextConnection();
    this.#ears.open(0, id, connection);
    const seat: Seat = {
      ...{ id, connection, kind: "local", address: undefined, software: "", stream: 0 },
      voice: this.#ears.voice(0, (fence, reply) => this.#aloud.say(fence, reply)),
      sinceMs: monotonicMs(),
    };
    this.#hub.join(seat, { onset: true, ask: true });
  }

  #rules() {
    const { window: windowMs, max_relays: maxRelays, policy } = this.#options.config().arbitration;
    return { policy: this.knowledge.informed(POLICIES[policy]), settings: { windowMs, maxRelays } };
  }

  #followConfiguration(): void {
    const config = this.#options.config();
    if (config === this.#configured) return;
    this.#configured = config;
    const configuration = JSON.stringify([config.arbitration, config.relays]);
    if (configuration === this.#configuration) return;
    this.#configuration = configuration;
    this.#arbiter.configure(this.#rules());
    this.#hub.refreshFacts();
  }

  #factsOf({ id, kind }: Pick<Seat, "id" | "kind">, can: RelayFacts["can"]): RelayFacts {
    const { room, zone = DEFAULT_ZONE, gain, preference = 0, least_level } = this.#options.config().relays[id] ?? {};
    return {
      ...{ id, room, zone, can },
      local: kind === "local",
      ...this.knowledge.factsOf(id),
      ...(gain !== undefined && { gain: { db: gain, uncertaintyDb: 0 } }),
      preferenceDb: preference,
      leastLevelDb: least_level,
    };
  }

  /** Where the hub has no microphone of its own, it has a seat all the same. */
  #microphones(): ReadonlyMap<string, Seat> {
    const { seats } = this.#hub;
    if (this.#options.config().audio.source !== "none") return seats;
    return new Map([...seats].filter(([id]) => id !== this.#localId));
  }

  /** What the page calls it: nothing for this machine's own microphone. */
  #sourceOf(relayId: string): string {
    return this.#hub.seats.get(relayId)?.kind === "local" ? "" : relayId;
  }
}
