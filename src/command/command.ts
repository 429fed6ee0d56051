/**
 * One command of one person, from its grant to its end: recording → processing → responding → over. Each state has a limit,
 * and from each it can be over at once. Runs on the web worker's one event loop; looks when it is told to.
 */
import { type CommandEvent, STATE_LIMIT_MS } from "../hub/activation.ts";
import type { GrantedSound } from "../hub/hub.ts";
import type { Reply } from "../hub/reply.ts";
import type { CommandLane, SpeechLimits, SpeechSeen } from "./command-lanes.ts";
import { Recording } from "./recording.ts";
import { type Sink, SinkError, type SinkSession, type SpokenCommand, type Understood } from "./sink.ts";
import { nothingHeard, wentWrong } from "./standing-replies.ts";

const SAMPLES_PER_MS = 16;
/** Speech is judged in chunks of 32 ms: less than one is judged by nobody. */
const CHUNK_SAMPLES = 512;
/** What nobody has listened to may well be speech, unless it is too short to be a command: half a second. */
const MAY_BE_SPEECH_SAMPLES = 8000;
/** A relay begins to play when enough has come, and says when it is done; one that does not say so is waited for this much longer. */
const PLAYS_LATE_MS = 2000;

/** What a command does to the house around it. */
export interface CommandSurroundings {
  /** Winner's relay: the whole command was heard. */
  readonly enough: (fence: number) => void;
  /** For the person, by the winner alone. @returns whether it is there to tell it */
  readonly reply: (fence: number, reply: Reply) => boolean;
  /** Nothing more comes of the command. */
  readonly finish: (fence: number) => void;
  /** What the command is doing, for the house's activations. */
  readonly told: (event: CommandEvent) => void;
  /** @returns undefined while other commands are listened to, and none can be added */
  readonly openLane: (limits: SpeechLimits) => CommandLane | undefined;
  /** The sink has done its part. */
  readonly understood?: (fence: number, transcript: string) => void;
  /** It came to nothing. @param why names servers, nothing of what was said */
  readonly failed?: (fence: number, why: string) => void;
  /** What the sink understood becomes what the person is told. @throws SinkError */
  readonly answer: (understood: Understood, command: SpokenCommand, signal: AbortSignal) => Promise<Reply>;
  /** Of every command that somebody spoke, before it is overwritten: to be copied at once, if at all. */
  readonly heard: (command: SpokenCommand, pcm: Int16Array) => void;
  /** Whether somebody has muted what this machine hears. */
  readonly muted: () => boolean;
  /** Whether the log may say what was understood. */
  readonly logsTranscripts: () => boolean;
  readonly monotonicMs: () => number;
  readonly unixMs: () => number;
  readonly log: {
    info(event: string, fields: Record<string, unknown>): void;
    warn(event: string, fields: Record<string, unknown>): void;
  };
}

export interface CommandOptions extends SpeechLimits {
  readonly fence: number;
  readonly command: SpokenCommand;
  readonly sink: Sink;
  /** Samples, pre-roll and wake word included. */
  readonly longestSamples: number;
}

type Stage =
  | {
      readonly kind: "recording";
      readonly session: SinkSession;
      readonly untilMs: number;
      lane: CommandLane | undefined;
      /** Samples that the sink has. */
      pushed: number;
      /** Of its sound: its sender says that nothing follows, or can give no more. */
      rest: "comes" | "none" | "lost";
    }
  | { readonly kind: "processing"; readonly untilMs: number }
  | { readonly kind: "responding"; readonly untilMs: number }
  | { readonly kind: "over" };

export class Command {
  readonly #options: CommandOptions;
  readonly #around: CommandSurroundings;
  readonly #recording: Recording;
  readonly #abort = new AbortController();
  #stage: Stage;

  constructor(options: CommandOptions, around: CommandSurroundings) {
    this.#options = options;
    this.#around = around;
    this.#recording = new Recording(options.longestSamples);
    const { command, sink, fence } = options;
    const session = sink.open(command, this.#abort.signal);
    const untilMs = around.monotonicMs() + STATE_LIMIT_MS.recording;
    this.#stage = { kind: "recording", session, untilMs, lane: undefined, pushed: 0, rest: "comes" };
    around.told({ type: "recording", fence });
  }

  get isOver(): boolean {
    return this.#stage.kind === "over";
  }

  /** What it is doing: an activation's state, or over. */
  get stage(): Stage["kind"] {
    return this.#stage.kind;
  }

  /** Takes the next of its sound, and overwrites what it was given. */
  sound({
    pcm,
    missingSamples,
    last,
    isCutOff,
  }: Pick<GrantedSound, "pcm" | "missingSamples" | "last" | "isCutOff">): void {
    const stage = this.#stage;
    if (stage.kind !== "recording" || stage.rest !== "comes") {
      pcm.fill(0);
      return;
    }
    this.#recording.take(pcm, missingSamples);
    if (last) stage.rest = isCutOff === true ? "lost" : "none";
    this.look();
  }

  /** Whether it is over, or goes on: with whatever was judged meanwhile, and at the latest when its time is up. */
  look(): void {
    const stage = this.#stage;
    if (stage.kind === "over") return;
    const late = this.#around.monotonicMs() >= stage.untilMs;
    if (stage.kind === "recording") this.#listen(stage, late);
    else if (late && stage.kind === "responding") this.#finish();
    else if (late) this.#giveUp();
  }

  /** It is over for the house: whatever is under way is ended, and what was recorded is overwritten. */
  end(): void {
    const stage = this.#stage;
    if (stage.kind === "over") return;
    this.#stage = { kind: "over" };
    if (stage.kind === "recording") stage.lane?.close();
    this.#abort.abort();
    this.#recording.wipe();
    this.#around.told({ type: "ended", fence: this.#options.fence });
  }

  #listen(stage: Extract<Stage, { readonly kind: "recording" }>, late: boolean): void {
    const recording = this.#recording;
    const { wordSamples, silenceSamples, noSpeechSamples } = this.#options;
    stage.lane ??= this.#around.openLane({ wordSamples, silenceSamples, noSpeechSamples });
    stage.lane?.feed(recording);
    const seen = stage.lane?.look() ?? { state: "listening", spoke: false, judged: 0, end: 0 };
    const end = this.#endOf(seen, stage.rest, late);
    if (end === "cut_off") {
      this.#cutOff(stage);
      return;
    }
    // Not beyond what was judged: behind that the command may be over already.
    const known = seen.state === "deaf" ? recording.length : seen.judged;
    this.#push(stage, end?.samples ?? known);
    if (end !== undefined) this.#heard(stage, end);
  }

  /** @returns where the command ends, and whether somebody spoke; `cut_off` where it has none; undefined while it goes on */
  #endOf(
    { state, spoke, judged, end }: SpeechSeen,
    rest: "comes" | "none" | "lost",
    late: boolean,
  ): { readonly samples: number; readonly spoke: boolean } | "cut_off" | undefined {
    const { length, isFull } = this.#recording;
    const over = state === "said" || state === "nothing";
    // Its sender has waited for the end itself, and a pause before it is none.
    if (over && rest !== "none") return { samples: end, spoke };
    const unheard = length - judged;
    const isJudged = over || unheard < CHUNK_SAMPLES || state === "deaf";
    if (!late && !((rest !== "comes" || isFull) && isJudged)) return undefined;
    if (rest === "lost" && !isFull) return "cut_off";
    return { samples: length, spoke: spoke || unheard >= MAY_BE_SPEECH_SAMPLES };
  }

  #push(stage: Extract<Stage, { readonly kind: "recording" }>, to: number): void {
    if (to <= stage.pushed) return;
    stage.session.push(this.#recording.samples(stage.pushed, to));
    stage.pushed = to;
  }

  #heard(
    { session, lane }: Extract<Stage, { readonly kind: "recording" }>,
    { samples, spoke }: { readonly samples: number; readonly spoke: boolean },
  ): void {
    const { fence, command } = this.#options;
    const { monotonicMs, unixMs, enough, told, heard, log } = this.#around;
    lane?.close();
    this.#stage = { kind: "processing", untilMs: monotonicMs() + STATE_LIMIT_MS.processing };
    // What comes from now on is not the command's: its relay may send the rest while it is told.
    enough(fence);
    if (this.isOver) return;
    const { id, relayId: relay } = command;
    log.info("command heard", { command: id, relay, spoke, lengthMs: Math.round(samples / SAMPLES_PER_MS) });
    if (!spoke) {
      this.#abort.abort();
      this.#recording.wipe();
      this.#respond(nothingHeard());
      return;
    }
    told({ type: "processing", fence });
    heard(command, this.#recording.samples(0, samples));
    const endedAtUnixMs = unixMs() - (this.#recording.length - samples) / SAMPLES_PER_MS;
    void this.#understand(session, endedAtUnixMs);
  }

  /** Half a command is none. */
  #cutOff({ lane }: Extract<Stage, { readonly kind: "recording" }>): void {
    const { fence, command } = this.#options;
    const { enough, failed, log, muted } = this.#around;
    if (muted()) {
      // Whoever mutes wants no more of it: nothing went wrong.
      failed?.(fence, "muted");
      log.info("command stopped", { command: command.id, relay: command.relayId, why: "muted" });
      this.#finish();
      return;
    }
    lane?.close();
    this.#abort.abort();
    this.#recording.wipe();
    enough(fence);
    if (this.isOver) return;
    const why = "the microphone went away before the command was over";
    this.#fail(new SinkError("cut_off", why, "see that it is plugged in, and speak again"));
  }

  /** Never throws. */
  async #understand(session: SinkSession, endedAtUnixMs: number): Promise<void> {
    const { command } = this.#options;
    const { answer, log, monotonicMs, logsTranscripts } = this.#around;
    const { signal } = this.#abort;
    const beganMs = monotonicMs();
    const fields = { command: command.id, relay: command.relayId, sink: this.#options.sink.name };
    let understood: Understood | undefined;
    try {
      understood = await session.end(endedAtUnixMs);
      this.#recording.wipe();
      if (signal.aborted) return;
      this.#around.understood?.(this.#options.fence, understood.transcript);
      const said = logsTranscripts() ? { transcript: understood.transcript } : {};
      log.info("command understood", { ...fields, tookMs: Math.round(monotonicMs() - beganMs), ...said });
      const reply = await answer(understood, command, signal);
      if (!signal.aborted) this.#respond(reply);
    } catch (error) {
      this.#recording.wipe();
      if (!signal.aborted) this.#fail(error, understood);
    }
  }

  #giveUp(): void {
    this.#abort.abort();
    this.#recording.wipe();
    const seconds = STATE_LIMIT_MS.processing / 1000;
    this.#fail(new SinkError("too_slow", `no answer to a command within ${seconds} s`, "see that its servers answer"));
  }

  /** @param understood where the sink did its part */
  #fail(error: unknown, understood?: Understood): void {
    const { command, sink } = this.#options;
    const known = error instanceof SinkError;
    // Of an error that nobody foresaw, the words may hold what was said.
    const why = known ? { code: error.code, error: error.message, hint: error.hint } : { code: "defect" };
    this.#around.failed?.(this.#options.fence, known ? error.message : "a defect: the log names the command");
    this.#around.log.warn("command failed", { command: command.id, relay: command.relayId, sink: sink.name, ...why });
    this.#respond(wentWrong(understood?.transcript));
  }

  #respond(reply: Reply): void {
    const { fence } = this.#options;
    const { monotonicMs, told } = this.#around;
    const speechMs = reply.speech === undefined ? 0 : (reply.speech.pcm.length * 1000) / reply.speech.sampleRateHz;
    const lengthMs = Math.min(speechMs + PLAYS_LATE_MS, STATE_LIMIT_MS.responding);
    this.#stage = { kind: "responding", untilMs: monotonicMs() + lengthMs };
    told({ type: "responding", fence });
    // Whoever was to hear it may be gone, which ends the command too. A sound says that something went wrong, without speech too.
    const isSilent = speechMs === 0 && reply.kind !== "error";
    if (!this.#around.reply(fence, reply) || isSilent) this.#finish();
  }

  #finish(): void {
    this.end();
    this.#around.finish(this.#options.fence);
  }
}
