/** What the configuration says of wake words, in the terms of those who detect them. */
import type { Config } from "../config/schema.ts";
import type { LoadedModel, ModelEntry } from "../wake/load.ts";
import { DEFAULT_PATIENCE_FRAMES, DEFAULT_REFRACTORY_MS, type TriggerSettings } from "../wake/trigger.ts";
import type { AdmissionSettings } from "./admission.ts";

/** The models that are switched on, as the engine takes them. */
export function enabledModels({ wake }: Config): readonly ModelEntry[] {
  return Object.entries(wake.models)
    .filter(([, { enabled }]) => enabled)
    .map(([name, { file }]) => (file === undefined ? name : { name, path: file }));
}

export function triggerSettings({ wake }: Config, { name, threshold }: LoadedModel): TriggerSettings {
  const settings = wake.models[name];
  return {
    threshold: settings?.threshold ?? threshold,
    patience: settings?.patience ?? DEFAULT_PATIENCE_FRAMES,
    refractoryMs: settings?.refractory ?? DEFAULT_REFRACTORY_MS,
  };
}

export function admissionSettings({ wake }: Config): AdmissionSettings {
  return { cooldownMs: wake.cooldown, leastRms: wake.rms_filter / 32_767, multiTrigger: wake.multi_trigger };
}
