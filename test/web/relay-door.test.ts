// The relays' WebSocket against clients that mean no good, through a real server; the time is handed in.
import { afterEach, describe, expect, test } from "bun:test";
import { Hono } from "hono";
import { websocket } from "hono/bun";
import type { Config } from "../../src/config/schema.ts";
import { ConnectedRelays } from "../../src/relay/connected-relays.ts";
import { HELLO_MS, STRANGERS_PER_ADDRESS, SUBPROTOCOL } from "../../src/relay/limits.ts";
import { Guard } from "../../src/web/guard.ts";
import { relayDoor } from "../../src/web/relay-door.ts";
import { WebError } from "../../src/web/web-error.ts";
import { SmallHub } from "../relay/small-hub.ts";

const HELLO = { type: "hello", versions: [1], id: "attic", capabilities: {} };

class House implements Disposable {
  nowMs = 1000;
  web: Pick<Config["web"], "password" | "loopback_needs_token" | "origins"> = {
    loopback_needs_token: false,
    origins: [],
  };
  readonly hub = new SmallHub();
  readonly sockets: WebSocket[] = [];
  readonly relays = new ConnectedRelays({
    handler: this.hub,
    monotonicMs: () => this.nowMs,
    hubName: () => "hall",
    nextConnection: () => ++this.#connections,
  });
  readonly #server;
  #connections = 0;

  constructor() {
    const guard = new Guard({ web: () => this.web, token: () => undefined, monotonicMs: () => this.nowMs });
    const app = new Hono();
    app.get(
      "/relay",
      relayDoor(() => this.relays, guard),
    );
    app.onError((error) =>
      error instanceof WebError
        ? new Response(error.code, { status: error.status })
        : new Response(String(error), { status: 500 }),
    );
    this.#server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: app.fetch, websocket });
  }

  /** What an upgrade is refused with; empty for a WebSocket. */
  async asked(headers: Record<string, string> = {}): Promise<string> {
    const upgrade = { connection: "upgrade", upgrade: "websocket", "sec-websocket-version": "13" };
    const answer = await fetch(new URL("/relay", this.#server.url), {
      headers: { ...upgrade, "sec-websocket-key": btoa("0123456789abcdef"), ...headers },
      signal: AbortSignal.timeout(2000),
    });
    return `${answer.status} ${await answer.text()}`;
  }

  dial(options: string[] | Bun.WebSocketOptions = [SUBPROTOCOL]): Promise<WebSocket> {
    const url = new URL("/relay", this.#server.url);
    url.protocol = "ws:";
    const socket = new WebSocket(url, options as string[]);
    this.sockets.push(socket);
    return new Promise((opened, failed) => {
      socket.onopen = () => opened(socket);
      socket.onclose = () => failed(new Error("refused"));
    });
  }

  async pass(ms: number): Promise<void> {
    this.nowMs += ms;
    this.relays.tick();
    await Bun.sleep(20);
  }

  [Symbol.dispose](): void {
    for (const socket of this.sockets) socket.close();
    this.#server.stop(true);
  }
}

const houses: House[] = [];
afterEach(() => {
  for (const house of houses.splice(0)) house[Symbol.dispose]();
});
function house(): House {
  const made = new House();
  houses.push(made);
  return made;
}

describe("strangers", () => {
  test("that connect and say nothing are sent away, and take the place of nobody after that", async () => {
    const here = house();
    await Promise.all(Array.from({ length: STRANGERS_PER_ADDRESS }, () => here.dial()));
    expect(await here.asked()).toBe("503 too_many_strangers");
    await here.pass(HELLO_MS);
    expect(here.relays.hasRoomFor("127.0.0.1")).toBe(true);
    const socket = await here.dial();
    const welcome = new Promise<string>((told) => {
      socket.onmessage = ({ data }) => told(String(data));
    });
    socket.send(JSON.stringify(HELLO));
    expect(JSON.parse(await welcome)).toMatchObject({ type: "welcome", id: "attic" });
  });

  test("of one address leave room for those of others", async () => {
    const here = house();
    await Promise.all(Array.from({ length: STRANGERS_PER_ADDRESS }, () => here.dial()));
    expect(here.relays.hasRoomFor("127.0.0.1")).toBe(false);
    expect(here.relays.hasRoomFor("192.0.2.1")).toBe(true);
    expect(here.relays.hasRoomFor("127.0.0.11")).toBe(true);
  });

  test("who said hello is no stranger, however many there are", async () => {
    const here = house();
    for (let i = 0; i < STRANGERS_PER_ADDRESS + 5; i++) {
      const socket = await here.dial();
      const welcomed = new Promise((told) => {
        socket.onmessage = told;
      });
      socket.send(JSON.stringify({ ...HELLO, id: `attic ${i}` }));
      await welcomed;
    }
    expect(here.relays.hasRoomFor("127.0.0.1")).toBe(true);
  });
});

describe("the door", () => {
  test("lets guesses of tokens become slow", async () => {
    const here = house();
    const guess = { authorization: "Bearer guess" };
    for (let i = 0; i < 20; i++) expect(await here.asked(guess)).toBe("401 wrong_token");
    expect(await here.asked(guess)).toBe("429 too_many_tries");
  });

  test("is open for who knows the page's password, if the page asks for one", async () => {
    const here = house();
    here.web = { loopback_needs_token: true, origins: [] };
    const knowing = { authorization: `Basic ${btoa("earshot:long enough")}` };
    expect(await here.asked(knowing)).toBe("401 no_token");
    here.web = { ...here.web, password: "long enough" };
    expect(await here.asked()).toBe("401 no_token");
    const socket = await here.dial({ headers: knowing, protocols: [SUBPROTOCOL] });
    expect(socket.readyState).toBe(WebSocket.OPEN);
  });

  test("is shut to pages of elsewhere until web.origins names them", async () => {
    const here = house();
    const panel = { origin: "https://panel.local:8123" };
    expect(await here.asked(panel)).toBe("403 foreign_origin");
    here.web = { ...here.web, origins: [panel.origin] };
    expect((await here.dial({ headers: panel, protocols: [SUBPROTOCOL] })).readyState).toBe(WebSocket.OPEN);
  });
});
