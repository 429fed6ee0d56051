/**
 * The inference worker: owns the models. It sleeps until there is a hop of sound in some stream, and puts what waits in
 * all of them through the network together.
 */
import { getLogger } from "@logtape/logtape";
import { monotonicMs } from "../ffi/clock.ts";
import { SharedConfig } from "../src/config/shared-config.ts";
import { Admission } from "../src/detect/admission.ts";
import { Guard } from "../src/detect/guard.ts";
import { failedRow, loadedRow, ModelTable, ownFileOf } from "../src/detect/model-table.ts";
import { SpeechEnds } from "../src/detect/speech-ends.ts";
import { StreamListener } from "../src/detect/stream-listener.ts";
import { StreamRoster } from "../src/detect/stream-roster.ts";
import { StreamTurns } from "../src/detect/stream-turns.ts";
import { admissionSettings, triggerSettings } from "../src/detect/wake-settings.ts";
import { wantedModels } from "../src/detect/wanted-models.ts";
import { saltFor } from "../src/log/pseudonyms.ts";
import { setUpLogging } from "../src/log/set-up.ts";
import { Heart } from "../src/supervise/heart.ts";
import { liveAsWorker } from "../src/supervise/worker-life.ts";
import { createDetector, hopTogether } from "../src/wake/detector.ts";
import { createEngine } from "../src/wake/engine.ts";
import type { LoadedModel, ModelEntry } from "../src/wake/load.ts";
import { loadVoiceActivity, type VoiceActivity } from "../src/wake/voice-activity.ts";

const nameOf = (entry: ModelEntry): string => (typeof entry === "string" ? entry : entry.name);

/** Longest sleep while no audio comes. */
const IDLE_MS = 50;

liveAsWorker("inference", async (memory) => {
  const heart = new Heart(memory, "inference");
  heart.beat(monotonicMs());
  const config = new SharedConfig(memory.configuration.reader());
  const control = memory.control.reader();
  const requests = memory.requests.reader();
  const log = getLogger(["earshot", "inference"]);
  config.changed();
  const logSalt = () => saltFor(config.current.privacy, control.read().logSalt);
  await setUpLogging(config.current.log, "inference", logSalt());
  let wanted = wantedModels(config.current, config.found);

  const table = new ModelTable(memory);
  // What a predecessor listened for, nobody listens for until the models are loaded.
  table.trouble = "";
  table.publish(
    wanted.entries.map((entry) =>
      failedRow(nameOf(entry), "loading", "", typeof entry === "string" ? undefined : entry.path),
    ),
  );
  for (let stream = 0; stream < memory.size.streams; stream++) {
    const score = memory.score(stream).writer();
    score.value.armed = false;
    score.publish();
  }

  const failures = new Map<string, string>();
  const refuse = (name: string, error: string): void => {
    failures.set(name, error);
    log.error("model refused", { model: name, error });
  };
  // Loading takes seconds on a small machine, and onnxruntime lets no timer run meanwhile.
  const readFile = (path: string) => {
    heart.beat(monotonicMs());
    return Bun.file(path).bytes();
  };
  for (const { name, message } of wanted.refused) refuse(name, message);
  const engine = await createEngine({
    models: wanted.entries,
    readFile,
    onModelError: ({ model, reason }) => refuse(model, reason),
  });
  const voice: VoiceActivity | undefined = await loadVoiceActivity(readFile).catch((error: Error) => {
    table.trouble = `words are not checked for whether somebody spoke: ${error.message}`;
    log.error("no voice check", { error: error.message });
    return undefined;
  });

  const guard = new Guard(memory.guards.reader());
  const settingsOf = (model: LoadedModel) => triggerSettings(config.current, model);
  /** Near a loudspeaker that plays a word must be surer. */
  const guardedSettingsOf = (stream: number) => {
    const { while_playing: whilePlaying, raised_threshold: raisedThreshold } = config.current.playback;
    return guard.settingsOf(stream, { whilePlaying, raisedThreshold }, settingsOf);
  };
  const newDetector = (live: boolean) => {
    const { energy_gate: gate } = config.current.wake;
    return createDetector(engine, { live, gate, settings: settingsOf, ...(voice !== undefined && { voice }) });
  };
  const detections = memory.detectionWriter();
  const capture = memory.capture.reader();
  const listenTo = (stream: number, source: string, live: () => boolean): StreamListener => {
    const score = memory.score(stream).writer();
    return new StreamListener({
      stream,
      source,
      // A stream is heard from its first sample; after a restart nothing may fire again for what was heard already.
      audio: memory.audioReader(stream, score.value.frame === 0 ? "oldest" : "newest"),
      level: memory.level(stream).reader(),
      live,
      score,
      detections,
      detector: newDetector(live()),
      admission: new Admission(admissionSettings(config.current)),
      thresholdOf: (name) => {
        const model = engine.models.find((candidate) => candidate.name === name);
        return model === undefined ? 0 : settingsOf(model).threshold;
      },
      tableGeneration: () => table.generation,
      changed: () => memory.webBell.ring(),
      log,
    });
  };
  const roster = new StreamRoster({
    memory,
    local: listenTo(0, "", () => capture.read().live),
    listenTo: (stream, source) => listenTo(stream, source, () => true),
  });
  const turns = new StreamTurns((hops) => hopTogether(engine, hops));
  const speechEnds = new SpeechEnds({ memory, voice });

  /** Every model that listened, by its file: what it says of itself is shown when it is switched off too. */
  const listened = new Map<string, LoadedModel>();
  const silentRow = (name: string, state: "disabled" | "failed", error: string) => {
    const path = ownFileOf(name, config.current, config.found);
    return failedRow(name, state, error, path === undefined ? undefined : (listened.get(path) ?? path));
  };
  const showModels = () => {
    for (const model of engine.models) listened.set(model.path, model);
    table.publish([
      ...engine.models.map(loadedRow),
      ...[...failures].map(([name, error]) => silentRow(name, "failed", error)),
      ...wanted.disabled.map((name) => silentRow(name, "disabled", "")),
    ]);
  };
  let gated = config.current.wake.energy_gate;
  const followConfig = async () => {
    await setUpLogging(config.current.log, "inference", logSalt());
    const next = wantedModels(config.current, config.found);
    if (next.key !== wanted.key) {
      wanted = next;
      failures.clear();
      for (const { name, message } of wanted.refused) refuse(name, message);
      await engine.setModels(wanted.entries);
      showModels();
      log.info("models listening", { models: engine.models.map(({ name }) => name) });
    }
    const { energy_gate: gate } = config.current.wake;
    for (const listener of roster.listeners) {
      if (gate !== gated) listener.detector = newDetector(listener.live);
      listener.detector.configure(guardedSettingsOf(listener.stream));
      listener.admission.settings = admissionSettings(config.current);
    }
    gated = gate;
    heart.acknowledge(config.generation);
  };

  showModels();
  heart.acknowledge(config.generation);
  heart.alive(monotonicMs());
  const { embedding, mel, reasons } = engine.form;
  log.info("models listening", { models: engine.models.map(({ name }) => name), embedding, mel });
  for (const reason of reasons) log.warn("slower than it could be", { reason });

  let { resets } = requests.read();
  let guarded: readonly StreamListener[] = [];
  while (!control.read().shutdown) {
    const { rings } = memory.inferenceBell;
    heart.beat(monotonicMs());
    roster.refresh();
    if (config.changed()) await followConfig();
    if (guard.changed() || roster.listeners !== guarded) {
      guarded = roster.listeners;
      for (const { detector, stream } of guarded) detector.configure(guardedSettingsOf(stream));
    }
    if (requests.read().resets !== resets) {
      resets = requests.value.resets;
      for (const listener of roster.listeners) listener.reset(monotonicMs());
    }
    const heard = await turns.step(roster.listeners);
    const spoken = await speechEnds.step();
    if (!heard && !spoken) memory.inferenceBell.wait(rings, IDLE_MS);
  }
  await engine.close();
  await voice?.close();
});
