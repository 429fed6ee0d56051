// The web worker's part in a house of relays, behind a real server, without microphone and inference: words are heard where a
// test says so.
import { OpenAPIHono } from "@hono/zod-openapi";
import { monotonicMs } from "../../ffi/clock.ts";
import { type Config, configSchema } from "../../src/config/schema.ts";
import { Guards } from "../../src/hub/guards.ts";
import { SharedMemory } from "../../src/memory/shared-memory.ts";
import type { HubSession } from "../../src/relay/hub-session.ts";
import { SUBPROTOCOL } from "../../src/relay/limits.ts";
import { Audience } from "../../src/web/audience.ts";
import { House } from "../../src/web/house.ts";
import { runLiveLoop } from "../../src/web/live-loop.ts";
import type { KeptLearned } from "../../src/web/relay-knowledge.ts";
import { Relays } from "../../src/web/relays.ts";
import { addStreamRoutes } from "../../src/web/routes/streams.ts";
import { WebError } from "../../src/web/web-error.ts";

interface Connection {
  session?: HubSession;
}

export class HubOverSockets {
  readonly memory = SharedMemory.create({ streams: 4, relays: 5 });
  config: Config = configSchema.parse({ name: "hall", audio: { source: "none" }, arbitration: { max_relays: 2000 } });
  tokens: readonly string[] = [];
  readonly house: House;
  readonly relays: Relays;
  readonly logged: string[] = [];
  readonly #server;
  readonly #loop: Promise<void>;
  readonly #control = this.memory.control.writer();
  readonly #detections = this.memory.detectionWriter();

  /** @param kept what an earlier life learned, and where it is kept */
  constructor(kept?: KeptLearned) {
    this.#control.publish();
    const options = {
      memory: this.memory,
      config: () => this.config,
      monotonicMs,
      unixMs: Date.now,
      hostName: "hall",
    };
    this.house = new House({
      ...options,
      version: "1.2.3",
      claim: (word) => this.relays.heard(word),
      relays: () => this.relays.relays(),
      rounds: () => this.relays.rounds(),
      wanted: () => 1,
      troubles: () => this.relays.list.troubles,
    });
    this.relays = new Relays({
      ...options,
      house: () => this.house,
      tokenNames: () => this.tokens,
      guards: new Guards(this.memory.guards.writer()),
      ...(kept && { kept }),
      log: { info: (event) => this.logged.push(event), warn: (event) => this.logged.push(event) },
    });
    const app = new OpenAPIHono();
    addStreamRoutes(app, { openStream: (name, address) => this.relays.openSender(name, address) });
    app.onError((error) =>
      error instanceof WebError
        ? Response.json({ error: { code: error.code, message: error.message } }, { status: error.status })
        : new Response(String(error), { status: 500 }),
    );
    const { connected } = this.relays;
    this.#server = Bun.serve<Connection>({
      hostname: "127.0.0.1",
      port: 0,
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      fetch: (request, server) => {
        const headers = { "Sec-WebSocket-Protocol": SUBPROTOCOL };
        if (new URL(request.url).pathname !== "/relay") return app.fetch(request, server);
        return server.upgrade(request, { data: {}, headers }) ? undefined : new Response(null, { status: 400 });
      },
      websocket: {
        data: {} as Connection,
        open: (socket) => {
          const out = {
            send: (data: string | Uint8Array<ArrayBuffer>) => void socket.send(data),
            close: (code: number, reason: string) => socket.close(code, reason),
            terminate: () => socket.terminate(),
            get bufferedBytes() {
              return socket.getBufferedAmount();
            },
          };
          socket.data.session = connected.open(out, "127.0.0.1", undefined);
        },
        message: ({ data }, message) =>
          data.session?.receive(typeof message === "string" ? message : new Uint8Array(message)),
        close: ({ data }) => {
          if (data.session !== undefined) connected.close(data.session);
        },
      },
    });
    this.#loop = runLiveLoop({
      house: this.house,
      bell: this.memory.webBell,
      audience: new Audience(),
      monotonicMs,
      updateRateMs: () => 100,
      mirror: () => undefined,
      beat: () => {},
      alsoLook: () => {
        this.relays.look();
        return this.relays.wakeInMs;
      },
    });
  }

  get url(): string {
    return this.#server.url.href.replace(/\/$/, "");
  }

  /** As if inference had heard a word in a stream. */
  hear(...words: readonly { readonly stream: number; readonly source: string }[]): void {
    for (const word of words) {
      this.#detections.append((event) => {
        Object.assign(event, { kind: "detection", model: "alexa", label: "alexa", confidence: 0.9, threshold: 0.5 });
        Object.assign(event, { voice: -1, rms: 0.2, frameEndMs: monotonicMs(), ...word });
      });
    }
    this.memory.webBell.ring();
  }

  /** The stream of a sender or a relay that only sends sound. */
  streamOf(name: string): number {
    for (const stream of [1, 2, 3]) {
      const { open, name: its } = this.memory.stream(stream).reader().read();
      if (open && its === name) return stream;
    }
    throw new Error(`no stream is called ${name}`);
  }

  /** Whether a loudspeaker near that stream says something. */
  isGuarded(stream: number): boolean {
    return this.memory.guards.reader().read().guarded[stream] === 1;
  }

  samplesOf(stream: number): number {
    return this.memory.level(stream).reader().read().samples;
  }

  async close(): Promise<void> {
    this.#control.value.shutdown = true;
    this.#control.publish();
    this.memory.webBell.ring();
    await this.#loop;
    this.relays.close();
    await this.#server.stop(true);
  }
}
