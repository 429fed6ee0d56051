/**
 * Every setting, said once: the YAML file, the environment, the flags, the API and the page all go by this schema.
 * Durations become milliseconds. Defaults are here, but for those of a trigger, which stand beside it.
 */
import { z } from "zod";
import {
  DEFAULT_PATIENCE_FRAMES,
  DEFAULT_REFRACTORY_MS,
  DEFAULT_SURE,
  DEFAULT_VAD_THRESHOLD,
} from "../wake/trigger.ts";
import { durationBetween } from "./duration.ts";

const MODEL_NAME = /^[\w.-]{1,63}$/;
/** What machines and streams may be called. */
export const SPOKEN_NAME = /^[\p{L}\p{N}][\p{L}\p{N} _.-]{0,62}$/u;

/** What holds for a model of which nothing is said. */
export const MODEL_DEFAULTS = {
  enabled: true,
  patience: DEFAULT_PATIENCE_FRAMES,
  refractory: DEFAULT_REFRACTORY_MS,
  sure: DEFAULT_SURE,
};

/** How a head may want its samples. */
export const INPUT_SCALES = ["int16", "unit"] as const;

const modelSettings = z
  .strictObject({
    enabled: z.boolean().default(MODEL_DEFAULTS.enabled),
    /** Score, 0..1, from which a frame counts; without it the model's own default holds. */
    threshold: z.number().min(0.01).max(1).optional(),
    /** Frames of 80 ms in a row that must count before it fires. */
    patience: z.int().min(1).max(25).default(MODEL_DEFAULTS.patience),
    /** After a hit the same model stays silent for this long, and until its score has fallen. */
    refractory: durationBetween(0, 60_000).default(MODEL_DEFAULTS.refractory),
    /** A score, 0..1, from which one frame is enough, whatever threshold and patience say; the default yields to a higher threshold. */
    sure: z.number().min(0.01).max(1).default(MODEL_DEFAULTS.sure),
    /** How probable, 0..1, speech must be for the word to count; 0 asks nobody, and without it the general one holds. */
    vad_threshold: z.number().min(0).max(1).optional(),
    /** Samples as the head was trained on: int16 (openWakeWord's), or unit, which is -1..1; without it the file says. */
    input_scale: z.enum(INPUT_SCALES).optional(),
    /** A head of your own; without it the name is one of the shipped models, or of those in the models folder. */
    file: z.string().min(1).optional(),
  })
  .nullable()
  .transform((settings) => settings ?? { ...MODEL_DEFAULTS });

/** What is listened for when nothing is said, besides what lies in the models folder. */
export const DEFAULT_MODELS = ["alexa", "hey_jarvis"] as const;

/** Relays of one zone hear the same people. */
export const DEFAULT_ZONE = "house";

const POLICY_NAMES = ["auto", "band", "rms", "snr", "envelope", "first"] as const;

const relaySettings = z
  .strictObject({
    /** For people, and for learning gains: relays of one room hear the same reverberation. */
    room: z.string().regex(SPOKEN_NAME, "letters, digits, spaces, dots, dashes").optional(),
    zone: z.string().regex(SPOKEN_NAME, "letters, digits, spaces, dots, dashes").default(DEFAULT_ZONE),
    /** Of its microphone over others, dB; without it, unknown. */
    gain: z.number().min(-60).max(60).optional(),
    /** How much it is favoured, dB. */
    preference: z.number().min(-60).max(60).default(0),
    /** It may not claim what is quieter: RMS of the word, dB of full scale. */
    least_level: z.number().min(-120).max(0).optional(),
  })
  .nullable()
  .transform((settings) => settings ?? { zone: DEFAULT_ZONE, preference: 0 });

export const configSchema = z.strictObject({
  /** Of this machine, as the page and other machines show it; without it the host's name. */
  name: z.string().regex(SPOKEN_NAME, "letters, digits, spaces, dots, dashes; 63 characters at most").optional(),
  audio: z
    .strictObject({
      /** default, a device's name or index, file:PATH (with ?loop), stdin, or none: sound comes from elsewhere alone. */
      source: z.union([z.string().min(1), z.int().min(0).transform(String)]).default("default"),
      /** dB, applied before anything measures or listens. */
      gain: z.number().min(-60).max(60).default(0),
      /** Whoever muted it wants it muted after a restart too. */
      muted: z.boolean().default(false),
    })
    .prefault({}),
  wake: z
    .strictObject({
      models: z
        .record(z.string().regex(MODEL_NAME, "a model's name has letters, digits, _ . - and no spaces"), modelSettings)
        .default(() => Object.fromEntries(DEFAULT_MODELS.map((name) => [name, { ...MODEL_DEFAULTS }]))),
      /** A word fires only if within the last 1.5 s the level reached this RMS, on the scale of 16-bit samples (0..32767). */
      rms_filter: z.number().min(0).max(32_767).default(0),
      /** After any detection no model fires for this long. */
      cooldown: durationBetween(0, 600_000).default(0),
      /** Whether several words may fire in the same frame; without it the surest one does. */
      multi_trigger: z.boolean().default(true),
      /** How probable, 0..1, speech must have been within the last 0.8 s for a word to count; 0 asks nobody. */
      vad_threshold: z.number().min(0).max(1).default(DEFAULT_VAD_THRESHOLD),
      /** Whether the network sleeps while there is nothing but the room's quiet. */
      energy_gate: z.boolean().default(true),
      /** Heads (.onnx) in here are listened for, and come and go while the program runs. It need not be there. */
      models_folder: z.string().min(1).default("models"),
    })
    .prefault({}),
  arbitration: z
    .strictObject({
      /** The longest that a round may wait for others after the first claim: the bound, not the rule. */
      window: durationBetween(0, 5000).default(300),
      /** How many relays may be connected; the local microphone does not count. */
      max_relays: z.int().min(1).max(4096).default(10),
      /** How claims of one word are compared: auto, band, rms, snr, envelope, first. */
      policy: z.enum(POLICY_NAMES).default("auto"),
    })
    .prefault({}),
  /** What is known of a relay, by its id; those of which nothing is said are welcome too. */
  relays: z.record(z.string().regex(SPOKEN_NAME, "letters, digits, spaces, dots, dashes"), relaySettings).default({}),
  streams: z
    .strictObject({
      /** From elsewhere, besides the microphone, that are listened to at once. */
      max: z.int().min(0).max(256).default(16),
    })
    .prefault({}),
  activation: z
    .strictObject({
      /** How long a detection stays `awake` when nothing follows it. */
      hold: durationBetween(100, 60_000).default(2000),
    })
    .prefault({}),
  activation_system: z
    .strictObject({
      /** shared_memory, or file: the state also goes through a JSON file that other programs can read. */
      method: z.enum(["shared_memory", "file"]).default("shared_memory"),
      /** How often levels are pushed to pages, and written to the file. */
      update_rate: durationBetween(20, 60_000).default(100),
      /** Where the file is; /dev/shm is memory, so no SD card wears out. */
      file: z.string().min(1).default("/dev/shm/earshot/activation.json"),
    })
    .prefault({}),
  web: z
    .strictObject({
      /** Anything but loopback needs a password. */
      host: z.string().min(1).default("127.0.0.1"),
      port: z.int().min(0).max(65_535).default(7171),
      /** Asked for by the page and the API; the user name is earshot. */
      password: z.string().min(8).optional(),
    })
    .prefault({}),
  log: z
    .strictObject({
      level: z.enum(["debug", "info", "warning", "error"]).default("info"),
      /** text for people, json for machines: one event a line. */
      format: z.enum(["text", "json"]).default("text"),
    })
    .prefault({}),
});

/** As many scores as the threads share. */
export const MOST_MODELS = 32;
/** Of the configuration as JSON: it has a fixed place, with the models that were found, in what the threads share. */
const MOST_BYTES = 40_000;

export const checkedConfigSchema = configSchema.superRefine((config, context) => {
  const models = Object.keys(config.wake.models).length;
  if (models > MOST_MODELS) {
    context.addIssue({
      code: "custom",
      path: ["wake", "models"],
      message: `${models} models: ${MOST_MODELS} at most`,
      input: models,
    });
  }
  const bytes = new TextEncoder().encode(JSON.stringify(config)).length;
  if (bytes > MOST_BYTES) {
    context.addIssue({
      code: "custom",
      path: [],
      message: `${bytes} bytes of settings: ${MOST_BYTES} at most`,
      input: bytes,
    });
  }
  for (const [name, { file }] of Object.entries(config.wake.models)) {
    const known = name.toLowerCase().replaceAll("-", "_");
    if (file !== undefined || name === known) continue;
    // The detector calls it by its own name: settings under another spelling would be nobody's.
    context.addIssue({ code: "custom", path: ["wake", "models", name], message: `write it "${known}"`, input: name });
  }
  if (!isLoopback(config.web.host) && config.web.password === undefined) {
    context.addIssue({
      code: "custom",
      path: ["web", "host"],
      message: `${config.web.host} can be reached from other machines: set web.password (8 characters or more) too`,
      input: config.web.host,
    });
  }
});

export type Config = z.infer<typeof configSchema>;
export type ModelSettings = Config["wake"]["models"][string];

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** Settings that a running program cannot change: they are read once, at the start. */
export const NEEDS_RESTART: readonly string[] = ["web.host", "web.port", "streams.max"];
