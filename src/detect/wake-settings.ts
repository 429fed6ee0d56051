/** What the configuration says of wake words, in the terms of those who detect them. */
import type { FoundModel } from "../config/found-models.ts";
import { type Config, leastRms, MODEL_DEFAULTS } from "../config/schema.ts";
import type { LoadedModel, ModelEntry } from "../wake/load.ts";
import { defaultSure, type TriggerSettings } from "../wake/trigger.ts";
import { WakeModelError } from "../wake/wake-model-error.ts";
import type { AdmissionSettings } from "./admission.ts";
import { wantedModels } from "./wanted-models.ts";

/**
 * The models that are switched on, as the engine takes them, for those who go on with all of them or none.
 * @throws WakeModelError for the first that cannot be
 */
export function enabledModels(config: Config, found: readonly FoundModel[] = []): readonly ModelEntry[] {
  const { entries, refused } = wantedModels(config, found);
  const [first] = refused;
  if (first !== undefined)
    throw new WakeModelError("unknown_name", first.name, `model ${first.name}: ${first.message}`);
  return entries;
}

export function triggerSettings({ wake }: Config, { name, threshold: own }: LoadedModel): TriggerSettings {
  const settings = wake.models[name];
  const { patience, refractory, sure } = settings ?? MODEL_DEFAULTS;
  const threshold = settings?.threshold ?? own;
  return {
    threshold,
    patience,
    refractoryMs: refractory,
    sure: sure === MODEL_DEFAULTS.sure ? defaultSure(threshold) : sure,
    vadThreshold: settings?.vad_threshold ?? wake.vad_threshold,
  };
}

export function admissionSettings(config: Config): AdmissionSettings {
  const { cooldown: cooldownMs, multi_trigger: multiTrigger } = config.wake;
  return { cooldownMs, leastRms: leastRms(config), multiTrigger };
}
