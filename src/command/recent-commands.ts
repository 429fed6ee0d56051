/** The newest commands, for people who want to know what came back: in memory only, and without words unless somebody wants them. */
import type { CommandEvent } from "../hub/activation.ts";
import type { Reply } from "../hub/reply.ts";
import type { SpokenCommand } from "./sink.ts";

const KEPT = 10;
/** A loudspeaker's clock may be this much faster over an answer. */
const MOST_EARLY_MS = 200;

/** `no_answer`: it was taken, and nothing came back for the person; `interrupted`: the person spoke to the same relay again; `stopped`: its relay is gone, or somebody reset the house. */
export type CommandOutcome =
  | "answered"
  | "no_answer"
  | "asked_back"
  | "no_speech"
  | "failed"
  | "interrupted"
  | "stopped";

/** Times are monotonic, ms; lengths in ms, undefined where it did not come to that. */
export interface RecentCommand {
  readonly fence: number;
  readonly command: SpokenCommand;
  readonly sink: string;
  readonly state: "recording" | "processing" | "responding" | "over";
  readonly outcome: CommandOutcome | undefined;
  /** Why it failed, or was stopped; empty otherwise. */
  readonly why: string;
  readonly grantedAtMs: number;
  /** The same, UTC, ms: said once, for two clocks drift against each other. */
  readonly grantedAtUnixMs: number;
  /** From the grant to the end of what was said. */
  readonly recordedMs: number | undefined;
  /** The sink. */
  readonly understoodMs: number | undefined;
  /** Intent handler and voice. */
  readonly answeredMs: number | undefined;
  /** From the answer until it was heard; undefined where nothing of it sounds, or it was over before it could be heard. */
  readonly spokenMs: number | undefined;
  /** Undefined where nobody wants to see it. */
  readonly transcript: string | undefined;
  readonly answer: string | undefined;
}

export interface RecentCommandsOptions {
  readonly monotonicMs: () => number;
  readonly unixMs: () => number;
  /** Whether words are kept. */
  readonly keepsWords: () => boolean;
}

interface Entry extends RecentCommand {
  /** How long its answer sounds. */
  readonly soundMs: number;
  /** When its last step was over. */
  readonly stepAtMs: number;
}

export class RecentCommands {
  readonly #options: RecentCommandsOptions;
  /** Newest first. */
  #entries: readonly Entry[] = [];

  constructor(options: RecentCommandsOptions) {
    this.#options = options;
  }

  /** Newest first. */
  get all(): readonly RecentCommand[] {
    return this.#entries;
  }

  granted(fence: number, command: SpokenCommand, sink: string): void {
    const grantedAtMs = this.#options.monotonicMs();
    const grantedAtUnixMs = Math.round(this.#options.unixMs());
    const unknown = { recordedMs: undefined, understoodMs: undefined, answeredMs: undefined, spokenMs: undefined };
    const entry: Entry = {
      ...{ fence, command, sink, state: "recording", outcome: undefined, why: "" },
      ...{ grantedAtMs, grantedAtUnixMs, stepAtMs: grantedAtMs, soundMs: 0 },
      ...unknown,
      ...{ transcript: undefined, answer: undefined },
    };
    this.#entries = [entry, ...this.#entries].slice(0, KEPT);
  }

  step({ type, fence }: CommandEvent): void {
    this.#change(fence, (entry, nowMs) => {
      if (type === "recording" || entry.state === type) return entry;
      if (type === "ended") return over(entry, nowMs, "stopped");
      if (type === "responding") return { ...entry, state: type };
      return { ...entry, state: type, recordedMs: nowMs - entry.grantedAtMs, stepAtMs: nowMs };
    });
  }

  understood(fence: number, transcript: string): void {
    this.#change(fence, (entry, nowMs) => ({
      ...entry,
      ...{ understoodMs: nowMs - entry.stepAtMs, stepAtMs: nowMs },
      transcript: this.#options.keepsWords() && transcript !== "" ? transcript : undefined,
    }));
  }

  failed(fence: number, why: string): void {
    this.#change(fence, (entry) => ({ ...entry, why }));
  }

  replied(fence: number, { kind, text, command, speech }: Omit<Reply, "transcription">): void {
    const isEmpty = kind === "answer" && text === "" && command === "" && speech === undefined;
    this.#change(fence, (entry, nowMs) => {
      const recordedMs = entry.recordedMs ?? nowMs - entry.grantedAtMs;
      const answeredMs = entry.understoodMs === undefined || kind === "error" ? undefined : nowMs - entry.stepAtMs;
      const answer = this.#options.keepsWords() && text !== "" ? text : undefined;
      return {
        ...entry,
        outcome: isEmpty ? "no_answer" : OUTCOMES[kind],
        recordedMs,
        answeredMs,
        answer,
        stepAtMs: nowMs,
        soundMs: speech === undefined ? 0 : (speech.pcm.length * 1000) / speech.sampleRateHz,
      };
    });
  }

  /** @param why as arbitration calls it */
  over(fence: number, why: string): void {
    this.#change(fence, (entry, nowMs) => {
      if (why === "finished") {
        // What is finished before it was heard was given up by its relay: muted there, or reset.
        const given = entry.state === "recording" ? "gave_up" : "";
        return over({ ...entry, why: entry.why === "" ? given : entry.why }, nowMs, "stopped");
      }
      const outcome = why === "superseded" ? "interrupted" : "stopped";
      return { ...over(entry, nowMs, outcome), outcome, why: entry.why === "" ? why : entry.why };
    });
  }

  /** With each new configuration: what somebody wants to see no more is forgotten. */
  look(): void {
    if (this.#options.keepsWords()) return;
    if (this.#entries.every(({ transcript, answer }) => transcript === undefined && answer === undefined)) return;
    this.#entries = this.#entries.map((entry) => ({ ...entry, transcript: undefined, answer: undefined }));
  }

  #change(fence: number, changed: (entry: Entry, nowMs: number) => Entry): void {
    const nowMs = this.#options.monotonicMs();
    this.#entries = this.#entries.map((entry) =>
      entry.fence === fence && entry.state !== "over" ? changed(entry, nowMs) : entry,
    );
  }
}

const OUTCOMES = {
  answer: "answered",
  confirmation: "asked_back",
  no_speech: "no_speech",
  error: "failed",
} as const satisfies Record<Reply["kind"], CommandOutcome>;

function over(entry: Entry, nowMs: number, unsaid: CommandOutcome): Entry {
  const tookMs = nowMs - entry.stepAtMs;
  // A relay without a loudspeaker is done with it at once.
  const wasHeard = entry.soundMs > 0 && tookMs >= entry.soundMs - MOST_EARLY_MS;
  const spokenMs = entry.outcome === undefined || !wasHeard ? undefined : tookMs;
  return { ...entry, state: "over", outcome: entry.outcome ?? unsaid, spokenMs };
}
