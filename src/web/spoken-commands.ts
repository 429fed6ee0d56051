/** What follows a verdict, within the web worker: commands by the configuration as it is now, with their sink and answer. */
import { Answering } from "../command/answering.ts";
import { CommandLanes } from "../command/command-lanes.ts";
import { Commands } from "../command/commands.ts";
import { ModelWebhooks } from "../command/model-webhooks.ts";
import { type OpenedSink, openSink } from "../command/open-sink.ts";
import type { CommandLog } from "../command/patience.ts";
import { type RecentCommand, RecentCommands } from "../command/recent-commands.ts";
import { RecordingsFolder } from "../command/recordings-folder.ts";
import type { SpokenCommand, Trouble } from "../command/sink.ts";
import { sleep, type Times } from "../command/times.ts";
import type { Config } from "../config/schema.ts";
import type { CommandEvent } from "../hub/activation.ts";
import type { Granted, GrantedSound, Hub } from "../hub/hub.ts";
import type { Reply } from "../hub/reply.ts";
import { SAMPLE_RATE } from "../memory/layout.ts";
import type { SharedMemory } from "../memory/shared-memory.ts";

/** What a relay sends from before its word, by the relay protocol. */
const RELAY_PRE_ROLL_MS = 500;
/** A wake word whose length nobody measured. */
const USUAL_WORD_MS = 600;
/**
 * A word that was measured to be shorter has its end cut off: a detector fires before it is over, or what follows a pause within
 * it is quiet. Of 140 people who say "alexa" and nothing else, 6 were taken to say a command for that, and 1 is with this.
 */
const LEAST_WORD_MS = 500;
const TIDY_MS = 60_000;

export interface SpokenCommandsOptions {
  readonly memory: SharedMemory;
  readonly config: () => Config;
  readonly hub: () => Hub;
  /** What a command does, for the activations. */
  readonly told: (event: CommandEvent) => void;
  /** What a relay is to say. */
  readonly said: (relayId: string, reply: Reply) => void;
  /** The newest scores of this machine's models, and from which one each counts. */
  readonly scores: () => Readonly<Record<string, number>>;
  readonly thresholdOf: (model: string) => number;
  /** While muted no sound is heard here. */
  readonly muted: () => boolean;
  readonly hostName: string;
  readonly monotonicMs: () => number;
  readonly unixMs: () => number;
  readonly log: CommandLog;
}

export class SpokenCommands {
  readonly #options: SpokenCommandsOptions;
  readonly #times: Times;
  readonly #commands: Commands;
  readonly #webhooks: ModelWebhooks;
  readonly #recordings: RecordingsFolder;
  readonly #recent: RecentCommands;
  /** Of what was granted and is not over, by fence. */
  readonly #granted = new Map<number, { readonly grant: Granted; readonly command: SpokenCommand }>();
  #configuration = "";
  #sink: OpenedSink | undefined;
  #answering: Answering;
  /** Of each command, what was configured when its word was granted. */
  readonly #answeringOf = new WeakMap<SpokenCommand, Answering>();
  #tidiesAtMs = 0;
  #privacy = "";

  constructor(options: SpokenCommandsOptions) {
    this.#options = options;
    const { memory, config, hub, told, muted, monotonicMs, unixMs, log } = options;
    this.#times = { monotonicMs, unixMs, random: Math.random, sleep };
    this.#webhooks = new ModelWebhooks({ times: this.#times, log });
    this.#answering = this.#newAnswering();
    this.#recordings = new RecordingsFolder({
      folder: () => config().privacy.keep_recordings,
      keepForMs: () => config().privacy.keep_for,
      ...{ unixMs, log },
    });
    this.#recent = new RecentCommands({ monotonicMs, unixMs, keepsWords: () => config().privacy.show_transcripts });
    const lanes = new CommandLanes(memory);
    this.#commands = new Commands({
      sink: () => this.#sink?.sink,
      describe: (grant) => this.#granted.get(grant.fence)?.command ?? this.#described(grant),
      limits: (grant) => this.#limits(grant),
      enough: (fence) => this.#enough(fence),
      reply: (fence, reply) => this.#reply(fence, reply),
      finish: (fence) => hub().finish(fence),
      told: (event) => {
        this.#recent.step(event);
        told(event);
      },
      understood: (fence, transcript) => this.#recent.understood(fence, transcript),
      failed: (fence, why) => this.#recent.failed(fence, why),
      openLane: (limits) => lanes.open(limits),
      answer: (understood, command, signal) =>
        (this.#answeringOf.get(command) ?? this.#answering).answer(understood, command, signal),
      heard: ({ id }, pcm) => void this.#recordings.keep(id, pcm),
      logsTranscripts: () => config().privacy.log_transcripts,
      ...{ muted, monotonicMs, unixMs, log },
    });
  }

  /** What health should tell of those who understand and answer. */
  get troubles(): readonly Trouble[] {
    return [...(this.#sink?.troubles() ?? []), ...this.#answering.troubles, ...this.#webhooks.troubles];
  }

  /** The newest first. */
  get recent(): readonly RecentCommand[] {
    return this.#recent.all;
  }

  /** @returns whether a sink takes it; else nothing is recorded */
  granted(grant: Granted): boolean {
    this.#followConfiguration();
    const command = this.#described(grant);
    this.#granted.set(grant.fence, { grant, command });
    this.#answeringOf.set(command, this.#answering);
    this.#webhooks.fire(command);
    if (this.#sink !== undefined) this.#recent.granted(grant.fence, command, this.#sink.sink.name);
    return this.#commands.granted(grant);
  }

  /** Takes the sound, and overwrites it. */
  sound(sound: GrantedSound): void {
    this.#commands.sound(sound);
  }

  /** @param why as arbitration calls it */
  over(fence: number, why: string): void {
    this.#recent.over(fence, why);
    const command = this.#granted.get(fence)?.command;
    this.#granted.delete(fence);
    if (command !== undefined && this.#sink !== undefined && why !== "finished") {
      this.#options.log.info("command stopped", { command: command.id, relay: command.relayId, why });
    }
    this.#commands.over(fence);
  }

  look(): void {
    this.#followConfiguration();
    this.#commands.look();
    this.#recent.look();
    const nowMs = this.#options.monotonicMs();
    const privacy = JSON.stringify(this.#options.config().privacy);
    if (nowMs < this.#tidiesAtMs && privacy === this.#privacy) return;
    this.#privacy = privacy;
    this.#tidiesAtMs = nowMs + TIDY_MS;
    void this.#recordings.tidy();
  }

  close(): void {
    this.#commands.close();
    this.#webhooks.close();
    this.#sink?.close();
  }

  /** Commands that are under way end with the sink, the handler and the voice that they began with. */
  #followConfiguration(): void {
    const { config, log, hostName } = this.#options;
    const { sink, intent, speech } = config().command;
    const configuration = JSON.stringify([sink, intent, speech]);
    if (configuration === this.#configuration) return;
    this.#configuration = configuration;
    this.#sink?.close();
    this.#sink = openSink(sink, {
      ...{ times: this.#times, log },
      instance: () => config().name ?? hostName,
      listenedWords: () =>
        Object.entries(config().wake.models).flatMap(([name, { enabled, topic }]) =>
          enabled ? [{ name, topic }] : [],
        ),
    });
    this.#answering = this.#newAnswering();
  }

  #newAnswering(): Answering {
    const { config, log } = this.#options;
    return new Answering({ settings: config().command, times: this.#times, log });
  }

  #reply(fence: number, reply: Reply): boolean {
    this.#recent.replied(fence, reply);
    const relayId = this.#granted.get(fence)?.grant.relayId;
    if (relayId !== undefined) this.#options.said(relayId, reply);
    return this.#options.hub().reply(fence, reply);
  }

  #enough(fence: number): void {
    const hub = this.#options.hub();
    const grant = this.#granted.get(fence)?.grant;
    hub.enough(fence);
    if (grant === undefined) return;
    // A relay may take its time to say that nothing follows, or never say it: nobody waits for its sound any more.
    const { relayId, connection, claim } = grant;
    hub.sound({ relayId, connection }, { pcm: new Int16Array(0), missingSamples: 0, claim, fence, last: true });
  }

  #limits({ relayId, evidence, afterwards }: Granted) {
    const { silence, no_speech, longest, pre_roll } = this.#options.config().command;
    const seat = this.#options.hub().seats.get(relayId);
    const isHeardHere = seat?.stream !== undefined;
    const samples = (ms: number) => Math.round((ms * SAMPLE_RATE) / 1000);
    const beforeMs = isHeardHere ? pre_roll : RELAY_PRE_ROLL_MS;
    const wordMs = beforeMs + Math.max(LEAST_WORD_MS, evidence?.durationMs ?? USUAL_WORD_MS);
    return {
      // Loqa's relays send what they like from before the word: where in their sound it ends, nobody can say.
      wordSamples: afterwards === undefined && seat?.kind !== "loqa" ? samples(wordMs) : 0,
      silenceSamples: samples(silence),
      noSpeechSamples: samples(no_speech),
      longestSamples: samples(longest),
    };
  }

  #described({ relayId, model, confidence, endedAtMs }: Granted): SpokenCommand {
    const { config, scores, thresholdOf, monotonicMs, unixMs } = this.#options;
    const { wake, relays } = config();
    const settings = wake.models[model];
    return {
      id: crypto.randomUUID(),
      ...{ relayId, model, confidence },
      room: relays[relayId]?.room,
      threshold: thresholdOf(model),
      wakeEndedAtUnixMs: Math.round(unixMs() - (monotonicMs() - endedAtMs)),
      scores: { ...scores(), [model]: confidence },
      multiTrigger: wake.multi_trigger,
      topic: settings?.topic,
      webhookUrl: settings?.webhook_url,
    };
  }
}
