// The HTTP interface over a house that listens and a configuration in memory; no socket.
import type { MiddlewareHandler } from "hono";
import { ConfigDesk } from "../../src/config/config-desk.ts";
import type { Override } from "../../src/config/environment.ts";
import { loadConfig } from "../../src/config/load.ts";
import { publishConfig } from "../../src/config/shared-config.ts";
import type { KnownToken } from "../../src/relay/token-file.ts";
import { createApp } from "../../src/web/app.ts";
import { Guard } from "../../src/web/guard.ts";
import { LivedInHouse } from "./lived-in-house.ts";

export interface AppFixtureOptions {
  readonly yaml?: string;
  readonly overrides?: readonly Override[];
  /** Asks for a route's answer to fail, as a defect would. */
  readonly healthFails?: boolean;
  /** As the app's. */
  readonly silentMs?: number;
  /** Tokens that let relays in. */
  readonly tokens?: Readonly<Record<string, KnownToken>>;
  /** As the app's. */
  readonly authority?: string;
}

export function appInAHouse({
  yaml = "",
  overrides = [],
  healthFails = false,
  silentMs,
  tokens = {},
  authority,
}: AppFixtureOptions = {}) {
  const lived = LivedInHouse.listening();
  const sources = { file: "earshot.yaml", text: yaml, overrides };
  publishConfig(lived.memory.configuration.writer(), loadConfig(sources).config);
  let text: string | undefined = yaml;
  const desk = new ConfigDesk({
    sources,
    file: {
      read: async () => text,
      write: async (next) => {
        text = next;
      },
    },
    record: lived.memory.configuration.writer(),
    settled: async () => [],
  });
  lived.config = desk.current;
  const logged: { event: string; fields: Record<string, unknown> }[] = [];
  const live: MiddlewareHandler = (_context, next) => next();
  const app = createApp({
    version: "1.2.3",
    authority,
    config: () => desk.current,
    snapshot: async () => ({ state: lived.house.state(), levels: lived.house.levels() }),
    detections: async (limit) => lived.house.detections(limit),
    nearMisses: async (limit) => lived.house.nearMisses(limit),
    ...(silentMs !== undefined && { silentMs }),
    openStream: (name, address) => lived.remote.open(name, address),
    arbitration: () => ({ windowMs: 300, maxRelays: 10, policy: "auto", now: [], rounds: [] }),
    relays: () => [],
    commands: () => [],
    knowledge: {
      forgetGain: () => {},
      trust: () => false,
      calibrate: () => ({ calibration: 1, phase: "listening", set: false, why: null, relays: [] }),
      calibration: () => ({ calibration: 0, phase: "none", set: false, why: null, relays: [] }),
    },
    guard: new Guard({
      web: () => desk.current.web,
      token: (presented) => tokens[presented],
      monotonicMs: () => lived.nowMs,
    }),
    relayDoor: (_context, next) => next(),
    history: () => lived.house.history.view(),
    health: () => {
      if (healthFails) throw new TypeError("undefined is not a microphone");
      return lived.house.health();
    },
    models: async () => lived.house.models(),
    change: async (patch) => {
      const report = await desk.change(patch);
      lived.config = desk.current;
      return report;
    },
    mute: async (muted) => {
      lived.house.mute(muted);
      return (await desk.change({ audio: { muted } })).warning;
    },
    reset: () => lived.house.reset(),
    simulate: (model, confidence, holdMs) => lived.house.simulate(model, confidence, holdMs),
    page: new Map([
      ["/", { body: new TextEncoder().encode("<!doctype html>"), type: "text/html", etag: '"a"' }],
      ["/sound-worklet.js", { body: new TextEncoder().encode("2"), type: "text/javascript", etag: '"c"' }],
      ["/main-2412sjxz.js", { body: new TextEncoder().encode("1"), type: "text/javascript", etag: '"b"' }],
    ]),
    live,
    log: { error: (event, fields) => logged.push({ event, fields }) },
  });
  return {
    app,
    lived,
    desk,
    logged,
    file: () => text,
    get: async (path: string, headers: Record<string, string> = {}) => {
      const response = await app.request(`http://localhost:7171${path}`, { headers });
      return { status: response.status, body: (await response.json()) as Record<string, unknown>, response };
    },
    post: async (path: string, body: unknown, headers: Record<string, string> = {}) => {
      const response = await app.request(`http://localhost:7171${path}`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: typeof body === "string" ? body : JSON.stringify(body),
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown>, response };
    },
  };
}
