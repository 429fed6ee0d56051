// A house whose shared memory is written as capture, inference and the supervisor would, under a clock the test moves.
import { type Config, configSchema } from "../../src/config/schema.ts";
import { RemoteStreams } from "../../src/hub/remote-streams.ts";
import type { ValueOf } from "../../src/memory/field.ts";
import { type DETECTION, WORKERS } from "../../src/memory/layout.ts";
import { SharedMemory } from "../../src/memory/shared-memory.ts";
import { House } from "../../src/web/house.ts";
import type { RelayView } from "../../src/web/schemas/relays.ts";
import type { RoundView } from "../../src/web/schemas/rounds.ts";

/** Unix time of the clock's zero, ms: the numbers of one clock are never those of the other. */
export const EPOCH_MS = 1_800_000_000_000;
export const START_MS = 50_000;

export class LivedInHouse {
  readonly memory = SharedMemory.create({ streams: 3, relays: 4 });
  readonly remote = new RemoteStreams({
    memory: this.memory,
    monotonicMs: () => this.nowMs,
    muted: () => this.house.muted,
    log: { info: () => {} },
  });
  nowMs = START_MS;
  config: Config = configSchema.parse({});
  troubles: { code: string; message: string }[] = [];
  relays: RelayView[] = [];
  unnamed = 0;
  rounds: RoundView[] = [];
  house: House;
  readonly control = this.memory.control.writer();
  readonly capture = this.memory.capture.writer();
  readonly level = this.memory.level(0).writer();
  readonly score = this.memory.score(0).writer();
  readonly modelTable = this.memory.modelTable.writer();
  readonly detections = this.memory.detectionWriter();
  readonly workers = WORKERS.map((name) => ({
    name,
    heartbeat: this.memory.heartbeat(name).writer(),
    supervision: this.memory.supervision(name).writer(),
  }));

  constructor() {
    this.control.value.startedMs = START_MS;
    this.control.publish();
    this.house = this.newHouse();
  }

  /** As after a start of the web worker. */
  newHouse(): House {
    this.house = new House({
      memory: this.memory,
      config: () => this.config,
      // Nobody else is here: whoever claims is answered.
      claim: ({ model, confidence, source }) => this.house.wake(model, source, confidence),
      relays: () => this.relays,
      unnamed: () => this.unnamed,
      rounds: () => this.rounds,
      wanted: () => Object.values(this.config.wake.models).filter(({ enabled }) => enabled).length,
      monotonicMs: () => this.nowMs,
      unixMs: () => EPOCH_MS + this.nowMs,
      hostName: "kitchen-pi",
      version: "1.2.3",
      troubles: () => this.troubles,
    });
    return this.house;
  }

  /** Everything works, a word would be noticed. */
  static listening(): LivedInHouse {
    const lived = new LivedInHouse();
    lived.setModels(["alexa", "hey_jarvis"]);
    lived.setCapture("open");
    lived.setWorkers("alive");
    lived.hear(0.25, [0.01, 0.02]);
    lived.house.look();
    return lived;
  }

  setWorkers(state: "starting" | "alive" | "late" | "dead", ...names: readonly string[]): void {
    for (const { name, heartbeat, supervision } of this.workers) {
      if (names.length > 0 && !names.includes(name)) continue;
      supervision.value.state = state;
      supervision.publish();
      if (state !== "alive") continue;
      heartbeat.value.beatMs = this.nowMs;
      heartbeat.publish();
    }
  }

  setCapture(state: "starting" | "waiting" | "open" | "muted" | "ended" | "none", error = ""): void {
    Object.assign(this.capture.value, { state, error, source: "default", device: "USB mic", sampleRate: 48_000 });
    this.capture.publish();
  }

  setModels(names: readonly string[], failed: readonly string[] = []): void {
    [...names, ...failed].forEach((name, index) => {
      const row = this.memory.model(index).writer();
      const fails = failed.includes(name);
      Object.assign(row.value, { name, phrase: name.replaceAll("_", " "), state: fails ? "failed" : "listening" });
      Object.assign(row.value, { error: fails ? `model ${name} is cut off` : "", threshold: 0.5, licence: "free" });
      row.publish();
    });
    this.modelTable.value.generation++;
    this.modelTable.value.count = names.length + failed.length;
    this.modelTable.publish();
  }

  /** One frame of 80 ms: audio, beats, scores. */
  hear(rms: number, scores: readonly number[]): void {
    this.nowMs += 80;
    Object.assign(this.level.value, { rms, peak: rms * 1.5, noiseFloor: rms / 10, atMs: this.nowMs });
    this.level.value.samples += 1280;
    this.level.publish();
    this.scoreFrame(scores);
    for (const { heartbeat } of this.workers) {
      heartbeat.value.beatMs = this.nowMs;
      heartbeat.publish();
    }
  }

  scoreFrame(scores: readonly number[]): void {
    const { value } = this.score;
    value.scores.fill(0);
    value.scores.set(scores);
    value.frame++;
    value.frameEndMs = this.nowMs;
    value.models = this.modelTable.value.generation;
    value.armed = true;
    this.score.publish();
  }

  detect(model: string, confidence = 0.93, more: Partial<ValueOf<typeof DETECTION.fields>> = {}): void {
    this.detections.append((event) => {
      const known = { kind: "detection", stream: 0, source: "", voice: -1, threshold: 0.5, rms: 0.2 };
      Object.assign(event, known, { model, label: model, confidence, frameEndMs: this.nowMs }, more);
    });
  }
}
