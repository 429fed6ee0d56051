/** Wake words for `earshot relay`: the engine, one stream and its triggers, in one thread. */
import type { FoundModel } from "../config/found-models.ts";
import type { Config } from "../config/schema.ts";
import { FrameClock } from "../detect/frame-clock.ts";
import { enabledModels, triggerSettings } from "../detect/wake-settings.ts";
import type { HopDetector } from "../relay/relay-ear.ts";
import { createDetector } from "../wake/detector.ts";
import { createEngine } from "../wake/engine.ts";
import { loadVoiceActivity } from "../wake/voice-activity.ts";

export interface RelayDetector extends HopDetector {
  readonly models: readonly string[];
  close(): Promise<void>;
}

/** @throws WakeModelError for the first model that cannot be used */
export async function openRelayDetector(
  config: Config,
  found: readonly FoundModel[],
  complain: (line: string) => void,
): Promise<RelayDetector> {
  const readModel = (path: string) => Bun.file(path).bytes();
  const engine = await createEngine({ models: enabledModels(config, found), readFile: readModel });
  const voice = await loadVoiceActivity(readModel).catch((error: Error) => {
    complain(`earshot: no word is checked for whether somebody spoke: ${error.message}`);
    return undefined;
  });
  const detector = createDetector(engine, {
    live: true,
    gate: config.wake.energy_gate,
    settings: (model) => triggerSettings(config, model),
    voice,
  });
  const clock = new FrameClock();
  const thresholds = engine.models.map((model) => triggerSettings(config, model).threshold);
  return {
    begin(nowMs, live) {
      clock.beginAnew();
      detector.reset(nowMs, live);
    },
    models: engine.models.map(({ name }) => name),
    async hop(pcm, endMs) {
      const heard = await detector.hop(pcm, clock.next(endMs));
      const scores = engine.models.map(({ name: model }, index) => ({
        model,
        score: Math.min(1, Math.max(0, detector.scores[index] ?? 0)),
        threshold: thresholds[index] ?? 1,
      }));
      return { scores, detections: heard.filter(({ kind }) => kind === "detection") };
    },
    async close() {
      await voice?.close();
      await engine.close();
    },
  };
}
