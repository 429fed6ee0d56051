/**
 * The settings under the names that both hey-orac eras gave them. What Earshot has no such thing for is shown as null
 * and refused when set: a setting that is shown and does nothing is worse than none.
 */
import { z } from "@hono/zod-openapi";
import type { Config } from "../config/schema.ts";
import type { ModelView } from "./schemas.ts";

const unsupported = z.null({ error: "not supported here: only null can be given" });

export const GLOBAL_SETTINGS = z
  .strictObject({
    rms_filter: z.number().describe("on the scale of 16-bit samples, 0..32767"),
    cooldown: z.number().describe("seconds"),
    cooldown_s: z.number().describe("the same as cooldown"),
    multi_trigger: z.boolean(),
    vad_threshold: unsupported,
  })
  .openapi("GlobalSettings");

export const MODEL_SETTINGS = z
  .strictObject({
    enabled: z.boolean(),
    active: z.boolean().describe("the same as enabled"),
    threshold: z.number(),
    sensitivity: z.number().describe("1 - threshold"),
    patience: z.number().int(),
    refractory: z.number().describe("milliseconds"),
    api_url: unsupported,
    webhook_url: unsupported,
    topic: unsupported,
  })
  .openapi("ModelSettings");

/** What a request says of them: any part. */
export type Some<T> = { readonly [K in keyof T]?: T[K] | undefined };

export function globalView({ wake }: Config): z.infer<typeof GLOBAL_SETTINGS> {
  const cooldown = wake.cooldown / 1000;
  return {
    rms_filter: wake.rms_filter,
    cooldown,
    cooldown_s: cooldown,
    multi_trigger: wake.multi_trigger,
    vad_threshold: null,
  };
}

/** Of two names for one setting: the one that says something new, for a client that sends back all that it got. */
function either<T>(first: T | undefined, second: T | undefined, now: T): T | undefined {
  return first === undefined || (second !== undefined && first === now) ? second : first;
}

/** @param config as it is now */
export function globalPatch(settings: Some<z.infer<typeof GLOBAL_SETTINGS>>, config: Config): unknown {
  const cooldown = either(settings.cooldown, settings.cooldown_s, config.wake.cooldown / 1000);
  return {
    wake: {
      ...(settings.rms_filter !== undefined && { rms_filter: settings.rms_filter }),
      ...(cooldown !== undefined && { cooldown: Math.round(cooldown * 1000) }),
      ...(settings.multi_trigger !== undefined && { multi_trigger: settings.multi_trigger }),
    },
  };
}

export function modelSettingsView(model: ModelView): z.infer<typeof MODEL_SETTINGS> {
  const { enabled, active, threshold, sensitivity, patience, refractoryMs } = model;
  const none = { api_url: null, webhook_url: null, topic: null };
  return { enabled, active, threshold, sensitivity, patience, refractory: refractoryMs, ...none };
}

/** @param model as it is now */
export function modelPatch(model: ModelView, settings: Some<z.infer<typeof MODEL_SETTINGS>>): unknown {
  const { name } = model;
  const enabled = either(settings.enabled, settings.active, model.enabled);
  const { sensitivity } = settings;
  const asThreshold = sensitivity === undefined ? undefined : Number((1 - sensitivity).toFixed(6));
  const threshold = either(settings.threshold, asThreshold, model.threshold);
  return {
    wake: {
      models: {
        [name]: {
          ...(enabled !== undefined && { enabled }),
          ...(threshold !== undefined && { threshold }),
          ...(settings.patience !== undefined && { patience: settings.patience }),
          ...(settings.refractory !== undefined && { refractory: settings.refractory }),
        },
      },
    },
  };
}
