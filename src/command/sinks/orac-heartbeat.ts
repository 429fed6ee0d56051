/** Tells ORAC-STT every half minute that we are there, as hey-orac did. What it answers, or whether, stops nothing. */
import { askServer, within } from "../ask-server.ts";
import type { ErrorWords } from "../failure.ts";
import type { CommandLog } from "../patience.ts";
import { SinkError, type SpokenCommand, type Trouble } from "../sink.ts";
import type { Times } from "../times.ts";
import { isoTime, type OracSettings } from "./orac.ts";

const TIMEOUT_MS = 5_000;
const MOST_ANSWER_BYTES = 1 << 16;

/** A wake word that is listened for. */
export interface ListenedWord {
  readonly name: string;
  readonly topic: string | undefined;
}

export interface HeartbeatOptions {
  readonly settings: OracSettings;
  readonly words: ErrorWords;
  readonly times: Times;
  /** Of this machine. */
  readonly instance: () => string;
  readonly listenedWords: () => readonly ListenedWord[];
  readonly log: CommandLog;
}

export class OracHeartbeat {
  readonly #options: HeartbeatOptions;
  readonly #over = new AbortController();
  readonly #heard = new Map<string, { count: number; lastUnixMs: number }>();
  #trouble: Trouble | undefined;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  get troubles(): readonly Trouble[] {
    return this.#trouble === undefined ? [] : [this.#trouble];
  }

  start(): void {
    void this.#beatOn();
  }

  stop(): void {
    this.#over.abort();
  }

  /** Counted for the next beat. */
  heard({ model, wakeEndedAtUnixMs }: SpokenCommand): void {
    const count = (this.#heard.get(model)?.count ?? 0) + 1;
    this.#heard.set(model, { count, lastUnixMs: wakeEndedAtUnixMs });
  }

  async #beatOn(): Promise<void> {
    const { times, settings } = this.#options;
    const { signal } = this.#over;
    while (!signal.aborted) {
      await this.#beat();
      await times.sleep(settings.heartbeat, signal);
    }
  }

  async #beat(): Promise<void> {
    const { settings, words, times, log } = this.#options;
    const limit = new AbortController();
    const tooLate = times.sleep(TIMEOUT_MS, AbortSignal.any([this.#over.signal, limit.signal])).then(() => {
      if (!limit.signal.aborted)
        limit.abort(new SinkError("too_slow", `${words.server} took no heartbeat`, words.hint));
    });
    try {
      await askServer(
        {
          url: within(settings.url, "stt/v1/heartbeat"),
          body: JSON.stringify(this.#message()),
          headers: { "content-type": "application/json" },
          mostBytes: MOST_ANSWER_BYTES,
          repeatable: true,
          words,
        },
        limit.signal,
      );
      if (this.#trouble !== undefined) log.info("works again", { server: words.server });
      this.#trouble = undefined;
    } catch (error) {
      if (this.#over.signal.aborted || !(error instanceof SinkError)) return;
      if (this.#trouble === undefined) log.warn("heartbeat failed", { why: error.message, hint: error.hint });
      this.#trouble = { code: "sink_down", message: error.message, hint: error.hint };
    } finally {
      limit.abort();
      await tooLate;
    }
  }

  #message(): unknown {
    const { settings, times, instance, listenedWords } = this.#options;
    return {
      instance_id: instance(),
      source: "hey_orac",
      timestamp: isoTime(times.unixMs()),
      models: listenedWords().map(({ name, topic }) => {
        const heard = this.#heard.get(name);
        return {
          name,
          topic: topic ?? settings.topic,
          type: "wake_word",
          status: "active",
          wake_word: name,
          trigger_count: heard?.count ?? 0,
          last_triggered: heard === undefined ? null : isoTime(heard.lastUnixMs),
        };
      }),
      metrics: {},
    };
  }
}
