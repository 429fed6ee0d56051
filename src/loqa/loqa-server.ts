/**
 * The port on which Loqa's relays find the hub: gRPC over HTTP/2, plain or with TLS. Connections are taken by hand and given
 * to grpc-js, so that there is a limit on them. Runs on the web worker's event loop.
 */
import { createServer, type Socket, type Server as TcpServer } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { Server, ServerCredentials, type ServerDuplexStream, status } from "@grpc/grpc-js";
import { TokenBucket } from "../hub/token-bucket.ts";
import * as limits from "./limits.ts";
import type { EndCode, LoqaCall, LoqaSession } from "./loqa-session.ts";
import { STREAM_AUDIO_PATH } from "./messages.ts";

export interface LoqaTls {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  /** Who signs the certificates that relays must have; undefined asks for none. */
  readonly clientCa: string | undefined;
}

export interface LoqaServerOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: LoqaTls | undefined;
  readonly mostConnections: () => number;
  readonly monotonicMs: () => number;
  readonly open: (call: LoqaCall) => LoqaSession;
  /** How often who is connected is pinged, and how soon an answer must come. */
  readonly pings?: { readonly everyMs: number; readonly withinMs: number };
}

type Call = ServerDuplexStream<Buffer, Buffer>;

const unchanged = (bytes: Buffer): Buffer => bytes;
const SERVICE = {
  StreamAudio: {
    path: STREAM_AUDIO_PATH,
    requestStream: true,
    responseStream: true,
    requestSerialize: unchanged,
    requestDeserialize: unchanged,
    responseSerialize: unchanged,
    responseDeserialize: unchanged,
  },
} as const;

export class LoqaServer {
  readonly #options: LoqaServerOptions;
  readonly #grpc: Server;
  readonly #injector: ReturnType<Server["createConnectionInjector"]>;
  readonly #listener: TcpServer;
  readonly #connections = new Map<string, { readonly socket: Socket; readonly calls: TokenBucket }>();

  constructor(options: LoqaServerOptions) {
    this.#options = options;
    const { pings = { everyMs: limits.PING_MS, withinMs: limits.PONG_MS } } = options;
    this.#grpc = new Server({
      "grpc.max_receive_message_length": limits.MESSAGE_BYTES,
      "grpc.max_concurrent_streams": limits.CALLS_PER_CONNECTION,
      "grpc.keepalive_time_ms": pings.everyMs,
      "grpc.keepalive_timeout_ms": pings.withinMs,
      "grpc.max_connection_idle_ms": limits.IDLE_CONNECTION_MS,
      "grpc.enable_channelz": 0,
    });
    this.#grpc.addService(SERVICE, { StreamAudio: (call: Call) => this.#serve(call) });
    this.#injector = this.#grpc.createConnectionInjector(ServerCredentials.createInsecure());
    const { tls } = options;
    const accept = (socket: Socket): void => this.#accept(socket);
    this.#listener =
      tls === undefined
        ? createServer(accept)
        : createTlsServer(
            {
              ...{ cert: tls.cert, key: tls.key, ALPNProtocols: ["h2"] },
              ...(tls.clientCa !== undefined && { ca: tls.clientCa, requestCert: true, rejectUnauthorized: true }),
            },
            accept,
          );
    // A handshake that fails is the other end's affair.
    this.#listener.on("tlsClientError", () => {});
  }

  /** @returns the port. @throws Error where nobody may listen there */
  listen(): Promise<number> {
    const { host, port } = this.#options;
    return new Promise((resolve, reject) => {
      this.#listener.once("error", reject);
      this.#listener.listen(port, host, () => {
        const address = this.#listener.address();
        resolve(typeof address === "object" && address !== null ? address.port : port);
      });
    });
  }

  /** Ends what is open; sessions were told before. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#listener.close(() => resolve()));
    // What was just said is still on its way.
    await new Promise<void>((resolve) => setImmediate(resolve));
    for (const { socket } of this.#connections.values()) socket.destroySoon();
    this.#grpc.forceShutdown();
    for (const { socket } of this.#connections.values()) socket.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    const { mostConnections } = this.#options;
    socket.on("error", () => {});
    if (this.#connections.size >= mostConnections()) {
      socket.destroy();
      return;
    }
    const peer = peerOf(socket);
    const calls = new TokenBucket({ atOnce: limits.CALLS_AT_ONCE, perSecond: limits.CALLS_PER_S });
    this.#connections.set(peer, { socket, calls });
    socket.once("close", () => this.#connections.delete(peer));
    this.#injector.injectConnection(socket);
  }

  #serve(call: Call): void {
    const peer = call.getPeer();
    const connection = this.#connections.get(peer);
    if (connection !== undefined && !connection.calls.take(1, this.#options.monotonicMs())) {
      connection.socket.destroy();
      return;
    }
    let isOver = false;
    let waitingBytes = 0;
    const session = this.#options.open({
      peer,
      get waitingBytes() {
        return waitingBytes;
      },
      send: (response) => {
        if (isOver || call.destroyed) return;
        waitingBytes += response.length;
        call.write(Buffer.from(response.buffer, response.byteOffset, response.length), () => {
          waitingBytes -= response.length;
        });
      },
      end: (code: EndCode, details: string) => {
        if (isOver) return;
        isOver = true;
        if (code === "OK") call.end();
        else call.emit("error", { code: status[code], details });
      },
    });
    const lost = (): void => {
      isOver = true;
      session.lost();
    };
    call.on("data", (bytes: Buffer) => session.receive(bytes));
    call.on("end", () => session.saidAll());
    call.on("cancelled", lost);
    call.on("close", lost);
    call.on("error", () => {
      if (!isOver) lost();
    });
  }
}

function peerOf({ remoteAddress = "unknown", remotePort = 0 }: Socket): string {
  return `${remoteAddress}:${remotePort}`;
}
