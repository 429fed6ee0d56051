/** The inference worker: owns the models. It blocks until a hop of audio is there, and scores it. */
import { getLogger } from "@logtape/logtape";
import { monotonicMs } from "../ffi/clock.ts";
import { SharedConfig } from "../src/config/shared-config.ts";
import { Admission } from "../src/detect/admission.ts";
import { failedRow, loadedRow, ModelTable } from "../src/detect/model-table.ts";
import { StreamListener } from "../src/detect/stream-listener.ts";
import { admissionSettings, enabledModels, triggerSettings } from "../src/detect/wake-settings.ts";
import { setUpLogging } from "../src/log/set-up.ts";
import { Heart } from "../src/supervise/heart.ts";
import { liveAsWorker } from "../src/supervise/worker-life.ts";
import { createDetector } from "../src/wake/detector.ts";
import { createEngine } from "../src/wake/engine.ts";

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
  await setUpLogging(config.current.log, "inference");

  const table = new ModelTable(memory);
  const score = memory.score(0).writer();
  // What a predecessor listened for, nobody listens for until the models are loaded.
  table.publish(Object.keys(config.current.wake.models).map((name) => failedRow(name, "loading", "")));
  score.value.armed = false;
  score.publish();

  const failures = new Map<string, string>();
  const engine = await createEngine({
    models: enabledModels(config.current),
    // Loading takes seconds on a small machine, and onnxruntime lets no timer run meanwhile.
    readFile: (path) => {
      heart.beat(monotonicMs());
      return Bun.file(path).bytes();
    },
    onModelError: ({ model, message }) => {
      failures.set(model, message);
      log.error("model refused", { model, error: message });
    },
  });

  const showModels = () => {
    const disabled = Object.entries(config.current.wake.models).filter(([, { enabled }]) => !enabled);
    table.publish([
      ...engine.models.map(loadedRow),
      ...[...failures].map(([name, error]) => failedRow(name, "failed", error)),
      ...disabled.map(([name]) => failedRow(name, "disabled", "")),
    ]);
  };
  const detector = createDetector(engine, {
    live: memory.capture.reader().read().live,
    settings: (model) => triggerSettings(config.current, model),
  });
  const admission = new Admission(admissionSettings(config.current));
  const listener = new StreamListener({
    stream: 0,
    // A first start hears the stream from its first sample; a restart must not fire again for what it already heard.
    audio: memory.audioReader(0, score.value.frame === 0 ? "oldest" : "newest"),
    level: memory.level(0).reader(),
    capture: memory.capture.reader(),
    score,
    detections: memory.detectionWriter(),
    detector,
    admission,
    thresholdOf: (name) => {
      const model = engine.models.find((candidate) => candidate.name === name);
      return model === undefined ? 0 : triggerSettings(config.current, model).threshold;
    },
    tableGeneration: () => table.generation,
    changed: () => memory.webBell.ring(),
    log,
  });
  showModels();
  heart.acknowledge(config.generation);
  heart.alive(monotonicMs());
  const { embedding, mel, reasons } = engine.form;
  log.info("models listening", { models: engine.models.map(({ name }) => name), embedding, mel });
  for (const reason of reasons) log.warn("slower than it could be", { reason });

  let { resets } = requests.read();
  let wanted = JSON.stringify(config.current.wake.models);
  while (!control.read().shutdown) {
    heart.beat(monotonicMs());
    if (config.changed()) {
      await setUpLogging(config.current.log, "inference");
      if (wanted !== JSON.stringify(config.current.wake.models)) {
        wanted = JSON.stringify(config.current.wake.models);
        failures.clear();
        await engine.setModels(enabledModels(config.current));
        showModels();
      }
      detector.configure((model) => triggerSettings(config.current, model));
      admission.settings = admissionSettings(config.current);
      heart.acknowledge(config.generation);
    }
    if (requests.read().resets !== resets) {
      resets = requests.value.resets;
      listener.reset(monotonicMs());
    }
    if (!(await listener.step())) listener.wait(IDLE_MS);
  }
  await engine.close();
});
