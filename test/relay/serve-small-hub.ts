// A hub on loopback for tests: the protocol's hub end on Bun's sockets, with an owner that writes everything down.
import { ConnectedRelays } from "../../src/relay/connected-relays.ts";
import type { HubSession } from "../../src/relay/hub-session.ts";
import type { KnownToken } from "../../src/relay/token-file.ts";
import { checkUpgrade } from "../../src/relay/upgrade.ts";
import { SmallHub } from "./small-hub.ts";

/** The one token that it knows. */
export const SECRET = "secret";
export const KITCHEN_TOKEN: KnownToken = { name: "kitchen", sha256: "", createdAtMs: 0 };

interface Socketed {
  readonly token: KnownToken | undefined;
  session?: HubSession;
}

export interface SmallHubOptions {
  /** @default a free one */
  readonly port?: number;
  /** @default false */
  readonly needsToken?: boolean;
  /** PEM. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

export function serveSmallHub({ port = 0, needsToken = false, tls }: SmallHubOptions = {}) {
  const hub = new SmallHub();
  const monotonicMs = () => performance.now();
  let connections = 0;
  const nextConnection = () => ++connections;
  const relays = new ConnectedRelays({ handler: hub, monotonicMs, hubName: () => "hall", nextConnection });
  const server = Bun.serve<Socketed>({
    hostname: "127.0.0.1",
    port,
    ...(tls && { tls }),
    fetch(request, server) {
      const upgrade = checkUpgrade(
        { address: server.requestIP(request)?.address ?? "", header: (name) => request.headers.get(name) ?? undefined },
        {
          check: (token) => (token === SECRET ? KITCHEN_TOKEN : undefined),
          loopbackNeedsToken: needsToken,
          origins: [],
        },
      );
      if (upgrade.kind === "refused") {
        const { status, code, message, hint } = upgrade;
        return Response.json({ error: { code, message, hint } }, { status });
      }
      const { token, subprotocol } = upgrade;
      const headers = subprotocol === undefined ? {} : { "sec-websocket-protocol": subprotocol };
      return server.upgrade(request, { data: { token }, headers }) ? undefined : new Response("", { status: 426 });
    },
    websocket: {
      open(socket) {
        socket.data.session = relays.open(
          {
            send: (data) => {
              socket.send(data);
            },
            close: (code, reason) => socket.close(code, reason),
            terminate: () => socket.terminate(),
            get bufferedBytes() {
              return socket.getBufferedAmount();
            },
          },
          socket.remoteAddress,
          socket.data.token,
        );
      },
      message: (socket, data) => socket.data.session?.receive(data),
      drain: (socket) => socket.data.session?.drained(),
      close: (socket) => {
        if (socket.data.session !== undefined) relays.close(socket.data.session);
      },
    },
  });
  const timer = setInterval(() => relays.tick(), 50);
  const end = () => {
    clearInterval(timer);
    void server.stop(true);
  };
  return { hub, relays, url: `ws://127.0.0.1:${server.port}/relay`, port: server.port ?? 0, end };
}

export async function until(what: () => boolean): Promise<void> {
  const lastMs = performance.now() + 4000;
  while (!what()) {
    if (performance.now() > lastMs) throw new Error("it did not come to pass within 4 s");
    await Bun.sleep(2);
  }
}
