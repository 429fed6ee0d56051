/**
 * Answers by NATS: real Loqa relays play what comes on `audio.<relay_id>`, and ignore what gRPC tells them. Connects by
 * itself, for as long as it takes; what cannot be said now is not said later.
 */
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { wavOf } from "../audio/wav-write.ts";
import type { Reply } from "../hub/reply.ts";
import * as limits from "./limits.ts";

export interface NatsVoiceOptions {
  readonly url: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly log: { info(event: string, fields: Record<string, unknown>): void };
}

/** Of 1 (the highest) to 5: somebody waits for it. */
const PRIORITY = 1;
const MESSAGE_TYPE = "response";

export class NatsVoice {
  readonly #options: NatsVoiceOptions;
  #connection: NatsConnection | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;
  #trouble: string | undefined;

  constructor(options: NatsVoiceOptions) {
    this.#options = options;
    void this.#connect();
  }

  /** Why nothing can be said now. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** @returns whether it was handed to the server */
  say(relayId: string, { pcm, sampleRateHz }: NonNullable<Reply["speech"]>, streamId: string): boolean {
    const { log } = this.#options;
    if (pcm.length === 0) return false;
    if (/[\s*>]/.test(relayId) || relayId === limits.EVERYBODY) {
      log.info("answer not published", { relay: relayId, why: "no subject of NATS can be called so" });
      return false;
    }
    if (this.#connection === undefined || this.#trouble !== undefined) return false;
    const message = JSON.stringify({
      stream_id: streamId,
      audio_data: Buffer.from(wavOf(pcm, sampleRateHz)).toString("base64"),
      audio_format: "wav",
      sample_rate: sampleRateHz,
      message_type: MESSAGE_TYPE,
      priority: PRIORITY,
    });
    try {
      this.#connection.publish(`audio.${relayId}`, message);
      return true;
    } catch (error) {
      log.info("answer not published", { relay: relayId, bytes: message.length, why: String(error) });
      return false;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    await this.#connection?.close();
  }

  async #connect(): Promise<void> {
    const { url, user, password, log } = this.#options;
    try {
      const connection = await connect({
        ...{ servers: url, name: "earshot", maxReconnectAttempts: -1, reconnectTimeWait: limits.RETRY_MS },
        ...{ ignoreClusterUpdates: true, timeout: limits.RETRY_MS },
        ...(user !== undefined && { user }),
        ...(password !== undefined && { pass: password }),
      });
      if (this.#isClosed) {
        await connection.close();
        return;
      }
      this.#connection = connection;
      this.#trouble = undefined;
      log.info("NATS connected", { url });
      for await (const { type } of connection.status()) {
        if (type === "disconnect") this.#trouble = `the NATS server ${url} is away`;
        if (type === "reconnect") this.#trouble = undefined;
        if (type === "disconnect" || type === "reconnect") log.info(`NATS ${type}`, { url });
      }
    } catch (error) {
      const trouble = `no NATS server answers at ${url}: ${error instanceof Error ? error.message : String(error)}`;
      if (trouble !== this.#trouble) log.info("NATS cannot be reached", { url, error: String(error) });
      this.#trouble = trouble;
    }
    if (this.#isClosed) return;
    this.#connection = undefined;
    this.#retry = setTimeout(() => void this.#connect(), limits.RETRY_MS);
  }
}
