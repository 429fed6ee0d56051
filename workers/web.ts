/** The web worker: HTTP, WebSockets, the house's activation and its configuration, all on one event loop. */
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { getLogger } from "@logtape/logtape";
import { websocket } from "hono/bun";
import { monotonicMs } from "../ffi/clock.ts";
import { readAudioFile } from "../src/audio/decode.ts";
import { ConfigDesk } from "../src/config/config-desk.ts";
import { ConfigError } from "../src/config/config-error.ts";
import type { ConfigSources } from "../src/config/load.ts";
import { lookIntoFolder, ModelsFolder } from "../src/config/models-folder.ts";
import { wantedModels } from "../src/detect/wanted-models.ts";
import { GainsFile, gainsFilePath, NOTHING_LEARNED } from "../src/hub/gains-file.ts";
import { Guards } from "../src/hub/guards.ts";
import { saltFor } from "../src/log/pseudonyms.ts";
import { setUpLogging } from "../src/log/set-up.ts";
import { SAMPLE_RATE } from "../src/memory/layout.ts";
import { HouseSpeaker } from "../src/playback/house-speaker.ts";
import { Playlist } from "../src/playback/playlist.ts";
import { hubDialler } from "../src/relay/dial-hub.ts";
import { OwnPapers } from "../src/relay/own-papers.ts";
import type { RelayEvent } from "../src/relay/relay-events.ts";
import { TokenFile, tokenFilePath } from "../src/relay/token-file.ts";
import { Heart } from "../src/supervise/heart.ts";
import { FatalError, liveAsWorker } from "../src/supervise/worker-life.ts";
import type { ModelEntry } from "../src/wake/load.ts";
import { createApp } from "../src/web/app.ts";
import { Audience } from "../src/web/audience.ts";
import { certificateFiles, expiryWarning, readCertificate } from "../src/web/certificate.ts";
import { Guard } from "../src/web/guard.ts";
import { House } from "../src/web/house.ts";
import { runLiveLoop } from "../src/web/live-loop.ts";
import { liveRoute } from "../src/web/live-route.ts";
import { ownTrouble } from "../src/web/own-troubles.ts";
import { bundlePage } from "../src/web/page.ts";
import { relayDoor } from "../src/web/relay-door.ts";
import { Relays } from "../src/web/relays.ts";
import { Satellite } from "../src/web/satellite.ts";
import { replaceFile, type Snapshot, StateFile } from "../src/web/state-file.ts";
import { WebError } from "../src/web/web-error.ts";

export interface WebWorkerSettings {
  readonly sources: ConfigSources;
  readonly version: string;
  /** What becomes of this machine as a relay is printed, a line of JSON each. */
  readonly printRelayEvents: boolean;
}

/** How long the answer to a change waits for the workers to go by it. */
const SETTLE_MS = 3000;
/** How often the configuration file and the models folder are looked at. */
const RELOAD_MS = 1000;
/** Bytes that may wait for a page that does not read; then it is cut off. */
const BACKPRESSURE_BYTES = 1024 * 1024;
/** A message that is longer ends its connection: a relay's have 49,152 bytes at most, if all of it were three-byte characters. */
const MESSAGE_BYTES = 64 * 1024;

liveAsWorker<WebWorkerSettings>("web", async (memory, { sources, version, printRelayEvents }) => {
  const heart = new Heart(memory, "web");
  heart.beat(monotonicMs());
  const log = getLogger(["earshot", "web"]);
  const audience = new Audience();
  const stateFile = new StateFile();

  const control = memory.control.reader();
  const logSalt = () => saltFor(desk.current.privacy, control.read().logSalt);
  const desk: ConfigDesk = new ConfigDesk({
    sources,
    record: memory.configuration.writer(),
    modelsFolder: new ModelsFolder({ look: lookIntoFolder, monotonicMs, unixMs: Date.now }),
    file: {
      read: () => readFile(sources.file, "utf8").catch(noFile),
      write: (text) => replaceFile(sources.file, text),
    },
    settled: async (generation) => {
      speaker.readSounds();
      await setUpLogging(desk.current.log, "web", logSalt());
      const untilMs = monotonicMs() + SETTLE_MS;
      while (monotonicMs() < untilMs && house.unacknowledged(generation).length > 0) await Bun.sleep(5);
      return house.unacknowledged(generation);
    },
  });
  await setUpLogging(desk.current.log, "web", logSalt());

  const tlsFiles = certificateFiles(desk.current.web.tls);
  const certificate =
    tlsFiles &&
    (await readCertificate(tlsFiles, Date.now()).catch((error: Error) => {
      throw new FatalError("bad_certificate", error.message, { cause: error });
    }));

  const house: House = new House({
    memory,
    config: () => desk.current,
    monotonicMs,
    unixMs: Date.now,
    hostName: hostname(),
    version,
    claim: (word) => relays?.heard(word),
    relays: () => relays?.relays() ?? [],
    unnamed: () => relays?.unnamed ?? 0,
    rounds: () => relays?.rounds() ?? [],
    commands: () => relays?.commands() ?? [],
    satellite: () => satellite?.view(),
    wanted: wantedCount(desk),
    troubles: () => [
      ...(relays?.list.troubles ?? []),
      ...ownTrouble("gains_file", gainsFile.error),
      ...ownTrouble("token_file", tokenTrouble),
      // While the hub is away, that says it.
      ...ownTrouble("relay_papers", satellite?.connected === true ? papers.trouble : undefined),
      ...(relays?.troubles ?? []),
      ...speaker.troubles,
      ...ownTrouble("models_folder", desk.modelsTrouble),
      ...ownTrouble("bad_config_file", desk.fileError?.message),
      ...ownTrouble("state_file", desk.current.activation_system.method === "file" ? stateFile.error : undefined),
      ...ownTrouble("certificate", certificate && expiryWarning(certificate, Date.now())),
    ],
  });
  const speaker = new HouseSpeaker({
    playlist: new Playlist(memory.playbackWriter(), memory.speaker.reader()),
    speaker: memory.speaker.reader(),
    settings: () => desk.current.playback,
    readSound: async (path) => ({ pcm: await readAudioFile(path), sampleRateHz: SAMPLE_RATE }),
    monotonicMs,
    log,
  });
  const guards = new Guards(memory.guards.writer());
  const papers = new OwnPapers({ settings: desk.current.relay, readText: (path) => readFile(path, "utf8") });
  await papers.refresh();
  const satellite: Satellite | undefined =
    desk.current.relay.hub === undefined
      ? undefined
      : new Satellite({
          memory,
          config: () => desk.current,
          papers,
          models: () => wantedModels(desk.current, desk.found).entries.map(nameOfModel),
          dial: hubDialler(),
          monotonicMs,
          unixMs: Date.now,
          random: Math.random,
          hostName: hostname(),
          version,
          house: () => house,
          ...{ speaker, guards },
          report: (event) => {
            if (printRelayEvents) process.stdout.write(`${lineOfRelayEvent(event)}\n`);
          },
          log,
        });
  const gainsFile = new GainsFile(gainsFilePath(sources.file), monotonicMs);
  const learned = satellite === undefined ? await gainsFile.read(Date.now()) : NOTHING_LEARNED;
  if (gainsFile.error !== undefined) log.error("learned gains refused", { error: gainsFile.error });
  /** The house of which this machine is the hub; a relay is none's. */
  const relays: Relays | undefined =
    satellite === undefined
      ? new Relays({
          memory,
          config: () => desk.current,
          monotonicMs,
          unixMs: Date.now,
          hostName: hostname(),
          house: () => house,
          ...{ speaker, guards },
          kept: { learned, keep: (what, soon) => gainsFile.keep(what, soon) },
          tokenNames: () => tokens.tokens.map(({ name }) => name),
          log,
        })
      : undefined;
  const asHub = (): Relays => {
    if (relays !== undefined) return relays;
    const { hub = "", page = "" } = satellite?.view() ?? {};
    throw new WebError(
      409,
      "is_a_relay",
      `this machine is a relay of ${hub}, which decides who answers`,
      `ask ${page}`,
    );
  };
  /** Those with whom it is decided who answers. */
  const company: Pick<Relays | Satellite, "look" | "wakeInMs" | "reset" | "close"> = satellite ?? asHub();
  const tokens = new TokenFile(tokenFilePath(sources.file));
  const readTokens = async () => {
    try {
      const changed = await tokens.refresh();
      tokenTrouble = undefined;
      if (changed) relays?.connected.keepOnly(tokens.tokens);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (tokenTrouble !== message) log.error("relay tokens refused", { error: message });
      tokenTrouble = message;
    }
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
    company.look();
    const path = mirrorPath();
    const live = { state: house.state(), levels: house.levels() };
    return path === undefined ? live : stateFile.read(path).catch(() => live);
  };

  const guard = new Guard({ web: () => desk.current.web, token: (presented) => tokens.check(presented), monotonicMs });
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
      company.reset();
      log.info("activation reset", {});
      memory.webBell.ring();
    },
    simulate: (model, confidence, holdMs) => {
      const detection = house.simulate(model, confidence, holdMs);
      audience.tell({ type: "detection", detection });
      memory.webBell.ring();
      return detection;
    },
    openStream: (name, address) => asHub().openSender(name, address),
    arbitration: () => asHub().arbitration(),
    relays: () => asHub().relays(),
    commands: () => asHub().commands(),
    knowledge: {
      forgetGain: (id) => asHub().knowledge.forgetGain(id),
      trust: (id) => asHub().knowledge.trust(id),
      calibrate: (listenMs, oneRoom) => asHub().knowledge.calibrate(listenMs, oneRoom),
      calibration: () => asHub().knowledge.calibration(),
    },
    guard,
    relayDoor: relayDoor(() => asHub().connected, guard),
    log,
    page: await bundlePage(),
    authority: certificate?.authority,
    live: liveRoute(audience, () => ({ type: "hello", state: house.state(), history: house.history.view() })),
  });

  const { host, port } = desk.current.web;
  const server = listen(host, port);
  function listen(hostname: string, port: number) {
    try {
      return Bun.serve({
        hostname,
        port,
        ...(certificate && { tls: { cert: certificate.cert, key: certificate.key } }),
        // A stream of sound has no end; what else comes in is limited where it is routed.
        maxRequestBodySize: Number.MAX_SAFE_INTEGER,
        fetch: app.fetch,
        websocket: {
          ...websocket,
          backpressureLimit: BACKPRESSURE_BYTES,
          closeOnBackpressureLimit: true,
          perMessageDeflate: false,
          maxPayloadLength: MESSAGE_BYTES,
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
    gainsFile.look();
    if (satellite?.connected === false || papers.trouble !== undefined) void papers.refresh();
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

  satellite?.start();
  heart.alive(monotonicMs());
  log.info("page ready", {
    url: `${certificate === undefined ? "http" : "https"}://${host.includes(":") ? `[${host}]` : host}:${server.port}/`,
  });
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
      company.look();
      return company.wakeInMs;
    },
  });
  clearInterval(reload);
  await stateFile.end();
  audience.dismiss();
  await company.close();
  await gainsFile.end();
  await server.stop(true);
});

/** How many models are wanted: counted anew when the configuration or the models folder is another. */
function wantedCount(desk: Pick<ConfigDesk, "current" | "found">): () => number {
  let of: Pick<ConfigDesk, "current" | "found"> | undefined;
  let count = 0;
  return () => {
    const { current, found } = desk;
    if (of?.current !== current || of.found !== found) {
      const { entries, refused } = wantedModels(current, found);
      of = { current, found };
      count = entries.length + refused.length;
    }
    return count;
  };
}

function nameOfModel(entry: ModelEntry): string {
  return typeof entry === "string" ? entry : entry.name;
}

/** Sound is not for a line of JSON. */
function lineOfRelayEvent(event: RelayEvent): string {
  return JSON.stringify(event, (key, value: unknown) => (key === "pcm" ? undefined : value));
}

function noFile(error: unknown): undefined {
  if ((error as { code?: unknown }).code === "ENOENT") return undefined;
  throw error;
}
