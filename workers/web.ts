/** The web worker: HTTP, WebSockets, the house's activation and its configuration, all on one event loop. */
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { getLogger } from "@logtape/logtape";
import { websocket } from "hono/bun";
import { monotonicMs } from "../ffi/clock.ts";
import { ConfigDesk } from "../src/config/config-desk.ts";
import { ConfigError } from "../src/config/config-error.ts";
import type { ConfigSources } from "../src/config/load.ts";
import { lookIntoFolder, ModelsFolder } from "../src/config/models-folder.ts";
import { wantedModels } from "../src/detect/wanted-models.ts";
import { setUpLogging } from "../src/log/set-up.ts";
import { TokenFile, tokenFilePath } from "../src/relay/token-file.ts";
import { Heart } from "../src/supervise/heart.ts";
import { FatalError, liveAsWorker } from "../src/supervise/worker-life.ts";
import { createApp } from "../src/web/app.ts";
import { Audience } from "../src/web/audience.ts";
import { House } from "../src/web/house.ts";
import { runLiveLoop } from "../src/web/live-loop.ts";
import { liveRoute } from "../src/web/live-route.ts";
import { bundlePage } from "../src/web/page.ts";
import { relayDoor } from "../src/web/relay-door.ts";
import { Relays } from "../src/web/relays.ts";
import { replaceFile, type Snapshot, StateFile } from "../src/web/state-file.ts";

export interface WebWorkerSettings {
  readonly sources: ConfigSources;
  readonly version: string;
}

/** How long the answer to a change waits for the workers to go by it. */
const SETTLE_MS = 3000;
/** How often the configuration file and the models folder are looked at. */
const RELOAD_MS = 1000;
/** Bytes that may wait for a page that does not read; then it is cut off. */
const BACKPRESSURE_BYTES = 1024 * 1024;

liveAsWorker<WebWorkerSettings>("web", async (memory, { sources, version }) => {
  const heart = new Heart(memory, "web");
  heart.beat(monotonicMs());
  const log = getLogger(["earshot", "web"]);
  const audience = new Audience();
  const stateFile = new StateFile();

  const desk: ConfigDesk = new ConfigDesk({
    sources,
    record: memory.configuration.writer(),
    modelsFolder: new ModelsFolder({ look: lookIntoFolder, monotonicMs, unixMs: Date.now }),
    file: {
      read: () => readFile(sources.file, "utf8").catch(noFile),
      write: (text) => replaceFile(sources.file, text),
    },
    settled: async (generation) => {
      await setUpLogging(desk.current.log, "web");
      const untilMs = monotonicMs() + SETTLE_MS;
      while (monotonicMs() < untilMs && house.unacknowledged(generation).length > 0) await Bun.sleep(5);
      return house.unacknowledged(generation);
    },
  });
  await setUpLogging(desk.current.log, "web");

  const house: House = new House({
    memory,
    config: () => desk.current,
    monotonicMs,
    unixMs: Date.now,
    hostName: hostname(),
    version,
    claim: (word) => relays.heard(word),
    relays: () => relays.relays(),
    rounds: () => relays.arbitration().rounds,
    wanted: () => {
      const { entries, refused } = wantedModels(desk.current, desk.found);
      return entries.length + refused.length;
    },
    troubles: () => [
      ...(desk.modelsTrouble === undefined ? [] : [{ code: "models_folder", message: desk.modelsTrouble }]),
      ...(desk.fileError === undefined
        ? []
        : [{ code: "bad_config_file", message: desk.fileError.message, hint: "the last good configuration goes on" }]),
      ...(stateFile.error === undefined || desk.current.activation_system.method !== "file"
        ? []
        : [{ code: "state_file", message: `the state cannot be written: ${stateFile.error}` }]),
    ],
  });
  const relays: Relays = new Relays({
    memory,
    config: () => desk.current,
    monotonicMs,
    unixMs: Date.now,
    hostName: hostname(),
    house: () => house,
    log,
  });
  const tokens = new TokenFile(tokenFilePath(sources.file));
  const readTokens = async () => {
    const changed = await tokens.refresh().catch((error: Error) => {
      if (tokenTrouble !== error.message) log.error("relay tokens refused", { error: error.message });
      tokenTrouble = error.message;
      return false;
    });
    if (!changed) return;
    tokenTrouble = undefined;
    relays.connected.keepOnly(tokens.tokens);
  };
  let tokenTrouble: string | undefined;
  await readTokens();
  const mirrorPath = () => {
    const { method, file } = desk.current.activation_system;
    return method === "file" ? file : undefined;
  };
  /** What the API answers from: memory, or what the state file holds. */
  const snapshot = async (): Promise<Snapshot> => {
    // Who looks first must tell: each detection is seen as new once.
    for (const heard of house.look()) audience.tell(heard);
    relays.look();
    const path = mirrorPath();
    const live = { state: house.state(), levels: house.levels() };
    return path === undefined ? live : stateFile.read(path).catch(() => live);
  };

  const app = createApp({
    version,
    config: () => desk.current,
    snapshot,
    detections: async (limit) =>
      mirrorPath() === undefined ? house.detections(limit) : (await snapshot()).state.detections.slice(0, limit),
    nearMisses: async (limit) =>
      mirrorPath() === undefined ? house.nearMisses(limit) : (await snapshot()).state.nearMisses.slice(0, limit),
    history: () => house.history.view(),
    health: () => house.health(),
    models: async () => (await snapshot()).state.models,
    change: async (patch) => {
      const report = await desk.change(patch);
      log.info("configuration changed", { applied: report.applied, written: report.written });
      memory.webBell.ring();
      return report;
    },
    mute: async (muted) => {
      // At once; what keeps it over a restart may wait for a disk.
      house.mute(muted);
      memory.webBell.ring();
      log.info(muted ? "muted" : "unmuted", {});
      try {
        return (await desk.change({ audio: { muted } })).warning;
      } catch (error) {
        house.mute(desk.current.audio.muted);
        throw error;
      }
    },
    reset: () => {
      house.reset();
      relays.reset();
      log.info("activation reset", {});
      memory.webBell.ring();
    },
    simulate: (model, confidence, holdMs) => {
      const detection = house.simulate(model, confidence, holdMs);
      audience.tell({ type: "detection", detection });
      memory.webBell.ring();
      return detection;
    },
    openStream: (name, address) => relays.openSender(name, address),
    arbitration: () => relays.arbitration(),
    relays: () => relays.relays(),
    relayDoor: relayDoor(relays.connected, () => ({
      check: (token) => tokens.check(token),
      loopbackNeedsToken: false,
      origins: [],
    })),
    log,
    page: await bundlePage(),
    live: liveRoute(audience, () => ({ type: "hello", state: house.state(), history: house.history.view() })),
  });

  const { host, port } = desk.current.web;
  const server = listen(host, port);
  function listen(hostname: string, port: number) {
    try {
      return Bun.serve({
        hostname,
        port,
        // A stream of sound has no end; what else comes in is limited where it is routed.
        maxRequestBodySize: Number.MAX_SAFE_INTEGER,
        fetch: app.fetch,
        websocket: {
          ...websocket,
          backpressureLimit: BACKPRESSURE_BYTES,
          closeOnBackpressureLimit: true,
          perMessageDeflate: false,
          idleTimeout: 30,
        },
      });
    } catch (error) {
      const { code } = error as { code?: unknown };
      if (code === "EADDRINUSE") {
        throw new FatalError(
          "port_taken",
          `port ${port} on ${hostname} is taken: is another earshot running? --port chooses another`,
        );
      }
      const reason = error instanceof Error ? error.message : String(error);
      throw new FatalError("cannot_listen", `cannot listen on ${hostname}:${port}: ${reason}`, { cause: error });
    }
  }

  const reload = setInterval(() => {
    void readTokens();
    void desk.lookForModels().then((report) => {
      if (report !== undefined) log.info("models folder changed", { found: report.found });
    });
    desk.reload().then(
      (report) => {
        if (report === undefined) return;
        log.info("configuration file changed", { applied: report.applied, needsRestart: report.needsRestart });
      },
      (error: unknown) => {
        if (error instanceof ConfigError) log.error("configuration file refused", { error: error.message });
      },
    );
  }, RELOAD_MS);

  heart.alive(monotonicMs());
  log.info("page ready", { url: `http://${host.includes(":") ? `[${host}]` : host}:${server.port}/` });
  await runLiveLoop({
    house,
    bell: memory.webBell,
    audience,
    monotonicMs,
    updateRateMs: () => desk.current.activation_system.update_rate,
    mirror: () => {
      const path = mirrorPath();
      stateFile.keepOnly(path);
      return path === undefined ? undefined : (snapshot) => void stateFile.write(path, snapshot);
    },
    beat: (nowMs) => heart.beat(nowMs),
    alsoLook: () => {
      relays.look();
      return relays.wakeInMs;
    },
  });
  clearInterval(reload);
  await stateFile.end();
  audience.dismiss();
  relays.close();
  await server.stop(true);
});

function noFile(error: unknown): undefined {
  if ((error as { code?: unknown }).code === "ENOENT") return undefined;
  throw error;
}
