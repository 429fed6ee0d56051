/** What the configuration says of wake words, in the terms of those who detect them. */
import { type Config, MODEL_DEFAULTS } from "../config/schema.ts";
import type { LoadedModel, ModelEntry } from "../wake/load.ts";
import type { TriggerSettings } from "../wake/trigger.ts";
import type { AdmissionSettings } from "./admission.ts";

/** The models that are switched on, as the engine takes them. */
export function enabledModels({ wake }: Config): readonly ModelEntry[] {
  return Object.entries(wake.models)
    .filter(([, { enabled }]) => enabled)
    .map(([name, { file }]) => (file === undefined ? name : { name, path: file }));
}

export function triggerSettings({ wake }: Config, { name, threshold }: LoadedModel): TriggerSettings {
  const settings = wake.models[name];
  const { patience, refractory } = settings ?? MODEL_DEFAULTS;
  return { threshold: settings?.threshold ?? threshold, patience, refractoryMs: refractory };
}

export function admissionSettings({ wake }: Config): AdmissionSettings {
  return { cooldownMs: wake.cooldown, leastRms: wake.rms_filter / 32_767, multiTrigger: wake.multi_trigger };
}
