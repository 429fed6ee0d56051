/** The capture worker: owns the microphone. It blocks between looks; nothing in it needs an event loop but opening files. */
import { getLogger } from "@logtape/logtape";
import { monotonicMs } from "../ffi/clock.ts";
import { openSource } from "../src/audio/open-source.ts";
import { Capture, type CaptureSettings } from "../src/capture/capture.ts";
import type { Config } from "../src/config/schema.ts";
import { SharedConfig } from "../src/config/shared-config.ts";
import { setUpLogging } from "../src/log/set-up.ts";
import { Heart } from "../src/supervise/heart.ts";
import { liveAsWorker } from "../src/supervise/worker-life.ts";

export interface CaptureWorkerSettings {
  /** What plays while there is no microphone. */
  readonly demoSource?: string;
}

function captureSettings({ audio }: Config, muted: boolean): CaptureSettings {
  return { source: audio.source, gainDb: audio.gain, muted };
}

liveAsWorker<CaptureWorkerSettings>("capture", async (memory, { demoSource }) => {
  const heart = new Heart(memory, "capture");
  heart.beat(monotonicMs());
  const config = new SharedConfig(memory.configuration.reader());
  const control = memory.control.reader();
  const requests = memory.requests.reader();
  await setUpLogging(config.current.log, "capture");

  const capture = new Capture(
    {
      ring: memory.audioWriter(0),
      level: memory.level(0).writer(),
      record: memory.capture.writer(),
      bell: memory.webBell,
      heardBell: memory.inferenceBell,
      open: (source) => openSource(source, monotonicMs, () => heart.beat(monotonicMs())),
      demoSource,
      log: getLogger(["earshot", "capture"]),
    },
    captureSettings(config.current, requests.read().muted),
  );

  heart.alive(monotonicMs());
  while (!control.read().shutdown) {
    const nowMs = monotonicMs();
    heart.beat(nowMs);
    const configChanged = config.changed();
    if (configChanged) await setUpLogging(config.current.log, "capture");
    if (requests.refresh() === "fresh" || configChanged) {
      capture.apply(captureSettings(config.current, requests.value.muted), nowMs);
      heart.acknowledge(config.generation);
    }
    const pauseMs = await capture.step(nowMs);
    requests.waitForChange(pauseMs);
  }
  capture.close();
});
