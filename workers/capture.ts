/** The capture worker: owns the microphone and the loudspeaker. It blocks between looks; nothing in it needs an event loop but opening files. */
import { getLogger } from "@logtape/logtape";
import { monotonicMs } from "../ffi/clock.ts";
import { openSource } from "../src/audio/open-source.ts";
import { openLoudspeaker } from "../src/audio/portaudio-loudspeaker.ts";
import { parseOutput } from "../src/audio/source.ts";
import { Capture, type CaptureSettings } from "../src/capture/capture.ts";
import type { Config } from "../src/config/schema.ts";
import { SharedConfig } from "../src/config/shared-config.ts";
import { setUpLogging } from "../src/log/set-up.ts";
import { Player } from "../src/playback/player.ts";
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

  const log = getLogger(["earshot", "capture"]);
  const player = new Player(
    {
      ring: memory.playbackReader("newest"),
      record: memory.speaker.writer(),
      bell: memory.webBell,
      open: (output) => openLoudspeaker(parseOutput(output)),
      log,
    },
    config.current.audio.output,
  );
  const record = memory.capture.writer();
  const capture = new Capture(
    {
      ring: memory.audioWriter(0),
      level: memory.level(0).writer(),
      record,
      bell: memory.webBell,
      heardBell: memory.inferenceBell,
      open: (source) => {
        // PortAudio looks for devices only when nobody uses it.
        player.release();
        return openSource(source, monotonicMs, () => heart.beat(monotonicMs()));
      },
      demoSource,
      log,
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
      player.apply(config.current.audio.output);
      heart.acknowledge(config.generation);
    }
    const listenInMs = await capture.step(nowMs);
    // What looks for a microphone again and again needs PortAudio for itself.
    if (record.value.state === "open") player.prepare(monotonicMs());
    const playInMs = player.step(monotonicMs());
    requests.waitForChange(Math.min(listenInMs, playInMs));
  }
  capture.close();
  player.close();
});
