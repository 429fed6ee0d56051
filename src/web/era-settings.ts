/**
 * The settings under the names that both hey-orac eras gave them. What Earshot has no such thing for is shown as null
 * and refused when set: a setting that is shown and does nothing is worse than none.
 */
import { z } from "@hono/zod-openapi";
import { type Config, INPUT_SCALES, MODEL_DEFAULTS } from "../config/schema.ts";
import type { ModelView } from "./schemas/models.ts";

const unsupported = z.null({ error: "not supported here: only null can be given" });

export const GLOBAL_SETTINGS = z
  .strictObject({
    rms_filter: z.number().describe("on the scale of 16-bit samples, 0..32767"),
    cooldown: z.number().describe("seconds"),
    cooldown_s: z.number().describe("the same as cooldown"),
    multi_trigger: z.boolean(),
    vad_threshold: z
      .number()
      .nullable()
      .describe("how probable speech must be for a word to count, 0..1; 0 asks nobody, null is the default"),
  })
  .openapi("GlobalSettings");

export const MODEL_SETTINGS = z
  .strictObject({
    enabled: z.boolean(),
    active: z.boolean().describe("the same as enabled"),
    threshold: z.number().nullable().describe("null sets the model's own"),
    sensitivity: z.number().nullable().describe("1 - threshold; null as there"),
    patience: z.number().int().nullable().describe("null sets the default"),
    refractory: z.number().nullable().describe("milliseconds; null sets the default"),
    sure: z
      .number()
      .nullable()
      .describe("a score from which one frame is enough, whatever patience says; null sets the default"),
    vad_threshold: z.number().nullable().describe("as the global one, for this model; null: the global one holds"),
    input_scale: z.enum(INPUT_SCALES).nullable().describe("samples as the head takes them; null: as its file says"),
    api_url: unsupported,
    webhook_url: z.string().nullable().describe("told of each time that the word is answered; null: nobody is"),
    topic: z.string().nullable().describe("under which ORAC-STT takes its commands; null: the general one"),
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
    vad_threshold: wake.vad_threshold,
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
      ...(settings.vad_threshold !== undefined && { vad_threshold: settings.vad_threshold }),
    },
  };
}

export function modelSettingsView(model: ModelView, { wake }: Config): z.infer<typeof MODEL_SETTINGS> {
  const { name, enabled, active, threshold, sensitivity, patience, refractoryMs } = model;
  const said = wake.models[name];
  return {
    enabled,
    active,
    threshold,
    sensitivity,
    patience,
    refractory: refractoryMs,
    sure: said?.sure ?? MODEL_DEFAULTS.sure,
    vad_threshold: said?.vad_threshold ?? null,
    input_scale: said?.input_scale ?? null,
    api_url: null,
    webhook_url: said?.webhook_url ?? null,
    topic: said?.topic ?? null,
  };
}

/** @param model as it is now, as `config` is */
export function modelPatch(
  model: ModelView,
  settings: Some<z.infer<typeof MODEL_SETTINGS>>,
  { wake }: Config,
): unknown {
  const { name } = model;
  const said = wake.models[name];
  // null takes back what is said; what is not said and comes back as null is left alone.
  const isNews = (value: unknown, now: unknown) => value !== undefined && value !== (now ?? null);
  const enabled = either(settings.enabled, settings.active, model.enabled);
  const { sensitivity } = settings;
  const asThreshold = typeof sensitivity === "number" ? Number((1 - sensitivity).toFixed(6)) : sensitivity;
  const threshold = either<number | null>(settings.threshold, asThreshold, model.threshold);
  return {
    wake: {
      models: {
        [name]: {
          ...(enabled !== undefined && { enabled }),
          // The model's own default, sent back, is no threshold that somebody chose.
          ...(threshold !== undefined && threshold !== model.threshold && { threshold }),
          ...(settings.patience !== undefined && { patience: settings.patience }),
          ...(settings.refractory !== undefined && { refractory: settings.refractory }),
          ...(isNews(settings.sure, said?.sure) && { sure: settings.sure }),
          ...(isNews(settings.vad_threshold, said?.vad_threshold) && { vad_threshold: settings.vad_threshold }),
          ...(isNews(settings.input_scale, said?.input_scale) && { input_scale: settings.input_scale }),
          ...(isNews(settings.webhook_url, said?.webhook_url) && { webhook_url: settings.webhook_url }),
          ...(isNews(settings.topic, said?.topic) && { topic: settings.topic }),
        },
      },
    },
  };
}
