/**
 * Loqa's relays in the house: the port, the RPCs on it, and NATS for what they are told, as the configuration wants them.
 * Runs in the web worker; follows the configuration while it runs.
 */
import type { Config } from "../config/schema.ts";
import { SPOKEN_NAME } from "../config/schema.ts";
import type { Hub } from "../hub/hub.ts";
import * as limits from "./limits.ts";
import type { LoqaServer, LoqaTls } from "./loqa-server.ts";
import { LoqaSession } from "./loqa-session.ts";
import type { NatsVoice } from "./nats-voice.ts";

export interface LoqaOptions {
  readonly hub: Pick<Hub, "join" | "leave" | "claim" | "sound" | "nextConnection" | "seats" | "finish">;
  readonly config: () => Pick<Config, "loqa" | "arbitration">;
  readonly monotonicMs: () => number;
  readonly readText: (path: string) => Promise<string>;
  /** {@link Loqa.wakeAtMs} is sooner than it was. */
  readonly sooner: () => void;
  readonly log: { info(event: string, fields: Record<string, unknown>): void };
}

export class Loqa {
  readonly #options: LoqaOptions;
  readonly #sessions = new Set<LoqaSession>();
  #server: LoqaServer | undefined;
  #port: number | undefined;
  #nats: NatsVoice | undefined;
  /** What the port, and NATS, were opened for. */
  #followed = { port: "", nats: "" };
  #isClosed = false;
  /** One change of the configuration after the other. */
  #turning: Promise<void> = Promise.resolve();
  #trouble: string | undefined;
  #retryAtMs = Number.POSITIVE_INFINITY;
  #answers = 0;

  constructor(options: LoqaOptions) {
    this.#options = options;
  }

  /** Where it listens. */
  get port(): number | undefined {
    return this.#port;
  }

  /** RPCs that are open. */
  get calls(): number {
    return this.#sessions.size;
  }

  /** What is wrong, if something is. */
  get trouble(): string | undefined {
    return this.#trouble ?? this.#nats?.trouble;
  }

  /** When to {@link Loqa.look} again at the latest, monotonic ms. */
  get wakeAtMs(): number {
    let atMs = this.#retryAtMs;
    for (const session of this.#sessions) atMs = Math.min(atMs, session.wakeAtMs);
    return atMs;
  }

  look(): void {
    this.#follow();
    for (const session of this.#sessions) session.elapse();
    this.#forgetThoseOver();
  }

  /** Resolves when the configuration of the last look holds. */
  settled(): Promise<void> {
    return this.#turning;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#turning = this.#turning.then(async () => {
      await this.#shut();
      await this.#nats?.close();
    });
    await this.#turning;
  }

  /** Real relays never come again: their streams end for nothing but another door: switched on or off, host, port, TLS. */
  #follow(): void {
    if (this.#isClosed) return;
    const { loqa } = this.#options.config();
    const { enabled, host, port, tls, nats } = loqa;
    const wanted = { port: JSON.stringify([enabled, host, port, tls]), nats: JSON.stringify(enabled ? nats : {}) };
    const isDue = this.#options.monotonicMs() >= this.#retryAtMs;
    if (wanted.port !== this.#followed.port || isDue) {
      this.#retryAtMs = Number.POSITIVE_INFINITY;
      this.#turning = this.#turning.then(() => this.#turn(loqa));
    }
    if (wanted.nats !== this.#followed.nats) {
      this.#turning = this.#turning.then(() => this.#turnNats(enabled ? nats : {}));
    }
    this.#followed = wanted;
  }

  async #turn(loqa: Config["loqa"]): Promise<void> {
    await this.#shut();
    this.#trouble = undefined;
    if (!loqa.enabled) return;
    const { log, monotonicMs, config } = this.#options;
    const { host } = loqa;
    try {
      // Most houses have no relay of Loqa's: gRPC is not even loaded there, nor is NATS.
      const { LoqaServer } = await import("./loqa-server.ts");
      const server = new LoqaServer({
        ...{ host, port: loqa.port, tls: await this.#tls(loqa), monotonicMs },
        mostConnections: () => config().arbitration.max_relays + limits.SPARE_CONNECTIONS,
        open: (call) => this.#open(call),
      });
      this.#port = await server.listen();
      this.#server = server;
      log.info("Loqa relays may come", { host, port: this.#port, tls: loqa.tls.cert !== undefined });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#trouble = `Loqa's relays cannot come to ${host}:${loqa.port}: ${reason}`;
      this.#retryAtMs = monotonicMs() + limits.RETRY_MS;
      log.info("Loqa relays cannot come", { host, port: loqa.port, error: reason });
    }
  }

  async #turnNats({ url, user, password }: Partial<Config["loqa"]["nats"]>): Promise<void> {
    const before = this.#nats;
    this.#nats = undefined;
    await before?.close();
    if (url === undefined) return;
    const { NatsVoice } = await import("./nats-voice.ts");
    this.#nats = new NatsVoice({ url, user, password, log: this.#options.log });
  }

  async #tls({ tls: { cert, key, client_ca } }: Config["loqa"]): Promise<LoqaTls | undefined> {
    const { readText } = this.#options;
    if (cert === undefined || key === undefined) return undefined;
    const clientCa = client_ca === undefined ? undefined : await readText(client_ca);
    return { cert: await readText(cert), key: await readText(key), clientCa };
  }

  async #shut(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.#port = undefined;
    for (const session of this.#sessions) session.dismiss();
    this.#sessions.clear();
    await server?.close();
  }

  #open(call: ConstructorParameters<typeof LoqaSession>[0]["call"]): LoqaSession {
    const { hub, monotonicMs, config, log, sooner } = this.#options;
    this.#forgetThoseOver();
    const session = new LoqaSession({
      ...{ call, hub, monotonicMs, log, sooner },
      model: () => config().loqa.model,
      isId: (id) => SPOKEN_NAME.test(id) && id !== limits.EVERYBODY,
      answered: (relayId, { speech }) => {
        if (speech !== undefined) this.#nats?.say(relayId, speech, `earshot-${relayId}-${++this.#answers}`);
      },
    });
    this.#sessions.add(session);
    return session;
  }

  #forgetThoseOver(): void {
    for (const session of this.#sessions) if (session.isOver) this.#sessions.delete(session);
  }
}
