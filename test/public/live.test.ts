import { describe, expect, test } from "bun:test";
import {
  backoffMs,
  type Connection,
  freshness,
  Live,
  type LiveEvents,
  parseMessage,
  silenceLimitMs,
} from "../../public/live.ts";
import type { LiveMessage } from "../../src/web/schemas/live.ts";
import { state } from "./states.ts";

const HELLO = JSON.stringify({ type: "hello", state: state(), history: { models: [], frames: [] } });
const NEWS = JSON.stringify({ type: "state", state: state() });

interface FakeSocket extends LiveEvents {
  closed: boolean;
}

/** A connection with a clock that stands until it is moved. */
function lab({ online = true } = {}) {
  let nowMs = 0;
  let timers: { readonly atMs: number; readonly call: () => void }[] = [];
  const sockets: FakeSocket[] = [];
  const connections: Connection[] = [];
  const messages: LiveMessage[] = [];
  const live = new Live({
    openSocket: (events) => {
      const socket: FakeSocket = { ...events, closed: false };
      sockets.push(socket);
      return {
        close: () => {
          socket.closed = true;
        },
      };
    },
    nowMs: () => nowMs,
    after: (delayMs, call) => {
      const timer = { atMs: nowMs + delayMs, call };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    random: () => 0.5,
    isOnline: () => online,
    onMessage: (message) => messages.push(message),
    onConnection: (connection) => connections.push(connection),
  });
  const advance = (byMs: number): void => {
    const endMs = nowMs + byMs;
    for (;;) {
      const due = timers.filter((timer) => timer.atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      timers = timers.filter((timer) => timer !== due);
      nowMs = due.atMs;
      due.call();
    }
    nowMs = endMs;
  };
  const socket = (): FakeSocket => {
    const last = sockets.at(-1);
    if (last === undefined) throw new Error("no socket was opened");
    return last;
  };
  return { live, advance, sockets, socket, connections, messages, timers: () => timers.length, now: () => nowMs };
}

describe("Live", () => {
  test("counts as connected only when it has news", () => {
    const { live, socket, connections, messages } = lab();
    live.start();
    expect(connections.at(-1)).toEqual({ kind: "connecting", again: false });
    socket().onMessage(HELLO);
    expect(connections.at(-1)).toEqual({ kind: "connected" });
    expect(messages).toHaveLength(1);
  });

  test("opens again by itself, quickly at first, when the connection ends", () => {
    const { live, socket, sockets, advance, connections } = lab();
    live.start();
    socket().onMessage(HELLO);
    advance(2500);
    socket().onClose();
    expect(connections.at(-1)).toEqual({ kind: "waiting", retryAtMs: 2875, why: "closed" });
    advance(374);
    expect(sockets).toHaveLength(1);
    advance(1);
    expect(sockets).toHaveLength(2);
    expect(connections.at(-1)).toEqual({ kind: "connecting", again: true });
  });

  test("tries less and less often, at least every 5 s, for as long as nobody answers", () => {
    const { live, socket, sockets, advance, connections, now } = lab();
    live.start();
    const waitsMs: number[] = [];
    for (let failure = 0; failure < 20; failure++) {
      socket().onClose();
      const connection = connections.at(-1);
      const waitMs = connection?.kind === "waiting" ? connection.retryAtMs - now() : Number.NaN;
      advance(waitMs);
      waitsMs.push(waitMs);
      expect(sockets).toHaveLength(failure + 2);
      expect(sockets.filter((each) => !each.closed)).toHaveLength(1);
    }
    expect(waitsMs.slice(0, 6)).toEqual([375, 750, 1500, 3000, 3750, 3750]);
    expect(Math.max(...waitsMs)).toBe(3750);
  });

  test("does not storm a server that greets and hangs up", () => {
    const { live, socket, sockets, advance } = lab();
    live.start();
    for (let second = 0; second < 60; second++) {
      if (!socket().closed) {
        socket().onMessage(HELLO);
        socket().onClose();
      }
      advance(1000);
    }
    expect(sockets.length).toBeLessThan(22);
  });

  test("begins with short waits again after a connection that held", () => {
    const { live, socket, advance, connections } = lab();
    live.start();
    for (let failure = 0; failure < 6; failure++) {
      socket().onClose();
      advance(5000);
    }
    socket().onMessage(HELLO);
    for (let second = 0; second < 10; second++) {
      advance(1000);
      socket().onMessage(NEWS);
    }
    socket().onClose();
    expect(connections.at(-1)).toEqual({ kind: "waiting", retryAtMs: 40_375, why: "closed" });
  });

  test("lets go of a connection that has said nothing for 3 s, though it looks open", () => {
    const { live, socket, advance, connections } = lab();
    live.start();
    socket().onMessage(HELLO);
    advance(2999);
    expect(connections.at(-1)).toEqual({ kind: "connected" });
    const dead = socket();
    advance(1);
    expect(dead.closed).toBe(true);
    expect(connections.at(-1)).toMatchObject({ kind: "waiting", why: "silent" });
  });

  test("keeps a connection that speaks now and then, with one timer", () => {
    const { live, socket, sockets, advance, timers } = lab();
    live.start();
    for (let second = 0; second < 100; second++) {
      socket().onMessage(NEWS);
      advance(2000);
    }
    expect(sockets).toHaveLength(1);
    expect(timers()).toBe(1);
  });

  test("waits longer for a server that speaks seldom", () => {
    const { live, socket, sockets, advance } = lab();
    live.start();
    socket().onMessage(JSON.stringify({ type: "state", state: state({ updateRateMs: 4000 }) }));
    advance(11_999);
    expect(sockets[0]?.closed).toBe(false);
    advance(1);
    expect(sockets[0]?.closed).toBe(true);
  });

  test("gives up an opening that hangs", () => {
    const { live, sockets, advance } = lab();
    live.start();
    advance(3000);
    expect(sockets[0]?.closed).toBe(true);
    advance(375);
    expect(sockets).toHaveLength(2);
  });

  test("hears nothing from a connection it has let go", () => {
    const { live, socket, advance, connections, messages, sockets } = lab();
    live.start();
    const dead = socket();
    advance(3500);
    socket().onMessage(HELLO);
    const before = connections.length;
    dead.onMessage(NEWS);
    dead.onClose();
    expect(messages).toHaveLength(1);
    expect(connections).toHaveLength(before);
    expect(sockets).toHaveLength(2);
  });

  test("takes what is no message for no news", () => {
    const { live, socket, advance, messages, sockets } = lab();
    live.start();
    socket().onMessage(HELLO);
    for (let second = 0; second < 3; second++) {
      for (const garbage of ["", "{", "null", "[]", '{"type":"state"}', '{"type":"toString"}', new ArrayBuffer(3)]) {
        socket().onMessage(garbage);
      }
      advance(1000);
    }
    expect(messages).toHaveLength(1);
    expect(sockets[0]?.closed).toBe(true);
  });

  test("says that the device is offline, and goes on trying", () => {
    const { live, socket, sockets, advance, connections } = lab({ online: false });
    live.start();
    socket().onClose();
    expect(connections.at(-1)).toMatchObject({ kind: "waiting", why: "offline" });
    advance(500);
    expect(sockets).toHaveLength(2);
  });

  test("retryNow() does not wait, and leaves a connection alone that is there", () => {
    const { live, socket, sockets, timers } = lab();
    live.start();
    socket().onClose();
    live.retryNow();
    live.retryNow();
    expect(sockets).toHaveLength(2);
    expect(timers()).toBe(1);
  });

  test("stop() closes and starts nothing more", () => {
    const { live, socket, sockets, advance, timers } = lab();
    live.start();
    live.stop();
    expect(socket().closed).toBe(true);
    expect(timers()).toBe(0);
    socket().onClose();
    advance(60_000);
    expect(sockets).toHaveLength(1);
  });
});

test("backoffMs() is 0.25 to 0.5 s first and never more than 5 s", () => {
  expect(backoffMs(0, () => 0)).toBe(250);
  expect(backoffMs(0, () => 1)).toBe(500);
  for (let failures = 0; failures < 2000; failures += 7) {
    expect(backoffMs(failures, () => 1)).toBeLessThanOrEqual(5000);
    expect(backoffMs(failures, () => 0)).toBeGreaterThanOrEqual(250);
  }
});

test("silenceLimitMs() is three updates, at least 3 s", () => {
  expect([20, 100, 1000, 2000].map(silenceLimitMs)).toEqual([3000, 3000, 3000, 6000]);
});

test("freshness() is stale after a second or three updates, and gone after 5 s whatever the rate", () => {
  expect([0, 1000, 1001, 4999, 5000].map((ageMs) => freshness(ageMs, 100))).toEqual([
    "live",
    "live",
    "stale",
    "stale",
    "gone",
  ]);
  expect(freshness(2000, 1000)).toBe("live");
  expect(freshness(5000, 60_000)).toBe("gone");
  expect(freshness(null, 100)).toBe("gone");
});

test("parseMessage() reads every kind of message", () => {
  expect(parseMessage(HELLO)?.type).toBe("hello");
  expect(parseMessage('{"type":"levels","levels":{}}')?.type).toBe("levels");
  expect(parseMessage('{"type":"detection","detection":{}}')?.type).toBe("detection");
  expect(parseMessage('{"type":"near_miss","nearMiss":{}}')?.type).toBe("near_miss");
});
