/** The `webhook_url` of a wake word, told of each time that it is answered, besides what becomes of the command. */
import { askServer } from "./ask-server.ts";
import { wordsFor } from "./failure.ts";
import { type CommandLog, Patience } from "./patience.ts";
import { SinkError, type SpokenCommand, type Trouble } from "./sink.ts";
import type { Times } from "./times.ts";
import { wordEvent } from "./word-event.ts";

const TIMEOUT_MS = 5_000;
const MOST_ANSWER_BYTES = 1 << 16;
/** At once, over all URLs: a server that hangs must not gather requests. */
const MOST_UNDER_WAY = 16;
const MOST_URLS = 64;

export class ModelWebhooks {
  readonly #times: Times;
  readonly #log: CommandLog;
  /** By URL. */
  readonly #patience = new Map<string, Patience>();
  readonly #over = new AbortController();
  #underWay = 0;

  constructor(options: { readonly times: Times; readonly log: CommandLog }) {
    this.#times = options.times;
    this.#log = options.log;
  }

  get troubles(): readonly Trouble[] {
    return [...this.#patience.values()].flatMap(({ troubles }) => troubles);
  }

  /** Returns at once; what goes wrong is logged and shown in health. Does nothing where the model has no URL. */
  fire(command: SpokenCommand): void {
    const { webhookUrl: url, id, model } = command;
    if (url === undefined || this.#over.signal.aborted) return;
    if (this.#underWay >= MOST_UNDER_WAY) {
      this.#log.warn("webhook left out", { command: id, model, underWay: this.#underWay });
      return;
    }
    this.#underWay++;
    const words = wordsFor("the webhook", url, `webhook_url of ${model}`);
    const question = {
      url,
      body: JSON.stringify(wordEvent(command)),
      headers: { "content-type": "application/json" },
      mostBytes: MOST_ANSWER_BYTES,
      repeatable: false,
      words,
    };
    void this.#patienceFor(url, model)
      .with(id, (signal) => askServer(question, signal), Promise.resolve(), this.#over.signal)
      .catch((error: unknown) => {
        if (!(error instanceof SinkError)) throw error;
        if (error.code === "aborted") return;
        this.#log.warn("webhook failed", { command: id, model, error: error.message, hint: error.hint });
      })
      .finally(() => this.#underWay--);
  }

  close(): void {
    this.#over.abort();
  }

  #patienceFor(url: string, model: string): Patience {
    const known = this.#patience.get(url);
    if (known !== undefined) return known;
    const words = wordsFor("the webhook", url, `webhook_url of ${model}`);
    const options = { times: this.#times, log: this.#log, timeoutMs: TIMEOUT_MS, trouble: "webhook_down", words };
    const patience = new Patience(options);
    this.#patience.set(url, patience);
    const [oldest] = this.#patience.keys();
    if (this.#patience.size > MOST_URLS && oldest !== undefined) this.#patience.delete(oldest);
    return patience;
  }
}
