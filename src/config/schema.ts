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
import { intentSettings, serverUrl, sinkSettings, speechSettings, topicName } from "./command-settings.ts";
import { durationBetween } from "./duration.ts";
import { loqaSettings, wrongWithLoqa } from "./loqa-settings.ts";
import { relayUrl } from "./relay-url.ts";

const MODEL_NAME = /^[\w.-]{1,63}$/;
/** What machines and streams may be called. */
export const SPOKEN_NAME = /^[\p{L}\p{N}][\p{L}\p{N} _.-]{0,62}$/u;
export const SPOKEN_NAME_RULE =
  "letters, digits, spaces, dots, dashes, underscores; 63 characters at most, the first a letter or digit";

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
    /** Told of each word in hey-orac's JSON, besides what `command` does. */
    webhook_url: serverUrl.optional(),
    /** Under which ORAC-STT takes this word's commands. */
    topic: topicName.optional(),
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
    room: z.string().regex(SPOKEN_NAME, SPOKEN_NAME_RULE).optional(),
    zone: z.string().regex(SPOKEN_NAME, SPOKEN_NAME_RULE).default(DEFAULT_ZONE),
    /** Of its microphone over others, dB; without it, unknown. */
    gain: z.number().min(-60).max(60).optional(),
    /** How much it is favoured, dB. */
    preference: z.number().min(-60).max(60).default(0),
    /** It may not claim what is quieter: RMS of the word, dB of full scale. */
    least_level: z.number().min(-120).max(0).optional(),
    /** Whether something is wrong while it is away; without it, of a relay that is named here or has a token. */
    expected: z.boolean().optional(),
  })
  .nullable()
  .transform((settings) => settings ?? { zone: DEFAULT_ZONE, preference: 0 });

export const configSchema = z.strictObject({
  /** Of this machine, as the page and other machines show it; without it the host's name. */
  name: z.string().regex(SPOKEN_NAME, SPOKEN_NAME_RULE).optional(),
  audio: z
    .strictObject({
      /** default, a device's name or index, file:PATH (with ?loop), stdin, or none: sound comes from elsewhere alone. */
      source: z.union([z.string().min(1), z.int().min(0).transform(String)]).default("default"),
      /** Where chimes and answers are heard: default, a device's name or index, or none. */
      output: z.union([z.string().min(1), z.int().min(0).transform(String)]).default("default"),
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
  relays: z.record(z.string().regex(SPOKEN_NAME, SPOKEN_NAME_RULE), relaySettings).default({}),
  /** Of a machine whose words a hub elsewhere decides about. */
  relay: z
    .strictObject({
      /** Where the hub is: hall, hall:7171, ws://hall:7171/relay. With it this machine is a relay, without it a hub itself. */
      hub: z
        .string()
        .refine(isHub, "the address of a hub is expected, as hall:7171 or ws://hall:7171/relay")
        .optional(),
      /** What this relay is called; without it as its token is, and without a token as this machine. */
      id: z.string().regex(SPOKEN_NAME, SPOKEN_NAME_RULE).optional(),
      /** From `earshot token add` on the hub. Never shown. */
      token: z.string().min(1).optional(),
      /** A file that holds the token; read again before each new connection. */
      token_file: z.string().min(1).optional(),
      /** Who vouches for the hub where it is reached by wss: a PEM file, `earshot-ca.crt` of the hub. Without it the usual ones. */
      ca_file: z.string().min(1).optional(),
      /** What it does with a word while the hub is away: stay silent, or answer alone. */
      while_away: z.enum(["silent", "alone"]).default("silent"),
      /** Sends all sound, and leaves it to the hub to listen. */
      audio_only: z.boolean().default(false),
    })
    .prefault({}),
  /** Relays that speak Loqa's gRPC protocol. */
  loqa: loqaSettings,
  streams: z
    .strictObject({
      /** From elsewhere, besides the microphone, that are listened to at once. */
      max: z.int().min(0).max(256).default(16),
    })
    .prefault({}),
  playback: z
    .strictObject({
      /** Says that a word was heard: default, none, or a sound file. */
      wake_sound: z.string().min(1).default("default"),
      /** Says that something went wrong: default, none, or a sound file. */
      error_sound: z.string().min(1).default("default"),
      /** dB, of chimes and answers. */
      volume: z.number().min(-60).max(20).default(0),
      /** What microphones near a loudspeaker that plays do: raise (a word must be surer), mute (nothing wakes them), listen (as ever). */
      while_playing: z.enum(["raise", "mute", "listen"]).default("raise"),
      /** The score, 0..1, that a word must reach then. */
      raised_threshold: z.number().min(0.01).max(1).default(0.9),
    })
    .prefault({}),
  activation: z
    .strictObject({
      /** How long a detection stays `awake` when nothing follows it. */
      hold: durationBetween(100, 60_000).default(2000),
    })
    .prefault({}),
  /** What happens after the word. */
  command: z
    .strictObject({
      /** Who understands a command. */
      sink: sinkSettings.default({ kind: "none" }),
      /** Who acts on what was understood, and answers. */
      intent: intentSettings.default({ kind: "none" }),
      /** Who speaks the answer. */
      speech: speechSettings.default({ kind: "none" }),
      /** Quiet that ends a command, once something was said. */
      silence: durationBetween(200, 5000).default(800),
      /** Quiet behind the wake word that ends it where nothing is said. */
      no_speech: durationBetween(500, 10_000).default(3000),
      /** No command is longer, with its wake word and what is before it. */
      longest: durationBetween(2000, 18_000).default(15_000),
      /** How much from before the wake word goes with it, of what this machine listens to. */
      pre_roll: durationBetween(0, 2000).default(500),
    })
    .prefault({}),
  /** What is kept of what people say: nothing, unless somebody wants it. */
  privacy: z
    .strictObject({
      /** A folder for the sound of every command, as WAV files. */
      keep_recordings: z.string().min(1).optional(),
      /** What is older is deleted from there. */
      keep_for: durationBetween(60_000, 90 * 24 * 3_600_000).default(24 * 3_600_000),
      /** Whether the log says what was understood. */
      log_transcripts: z.boolean().default(false),
      /** Whether the page and the API show what was understood and answered, of the newest commands. */
      show_transcripts: z.boolean().default(false),
      /** Whether the log has other names in place of relays' ids and addresses: the same ones until the next start. */
      anonymous_ids: z.boolean().default(false),
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
      /** https and wss instead of http and ws. `earshot tls init` makes both files; a path is from the configuration's folder. */
      tls: z
        .strictObject({
          /** PEM: the server's certificate, and behind it those that lead to its authority. */
          cert: z.string().min(1).optional(),
          /** PEM, of the first of them. */
          key: z.string().min(1).optional(),
        })
        .prefault({}),
      /** Whether relays and senders of this very machine need a token too. */
      loopback_needs_token: z.boolean().default(false),
      /** Pages of these origins may do what Earshot's own may, and be relays. */
      origins: z.array(z.string().refine(isOrigin, "an origin, as https://panel.local:8123")).max(32).default([]),
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

function isHub(text: string): boolean {
  try {
    relayUrl(text);
    return true;
  } catch {
    return false;
  }
}

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
  const { cert, key } = config.web.tls;
  if ((cert === undefined) !== (key === undefined)) {
    const missing = cert === undefined ? "cert" : "key";
    context.addIssue({
      code: "custom",
      path: ["web", "tls"],
      message: `web.tls.${missing} is missing: a certificate and its key belong together (earshot tls init makes both)`,
      input: config.web.tls,
    });
  }
  const wrong = wrongWithLoqa(config.loqa, isLoopback);
  if (wrong !== undefined) {
    context.addIssue({ code: "custom", path: [...wrong.path], message: wrong.message, input: config.loqa });
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

/** `wake.rms_filter` as levels are measured, linear 0..1. */
export function leastRms({ wake }: Config): number {
  return wake.rms_filter / 32_767;
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function isOrigin(text: string): boolean {
  return /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

/** What is run, where speech and keys go, and what is kept of it: not for whoever can reach the page. The file and the environment decide it. */
export const ONLY_BY_FILE: readonly string[] = [
  "command.sink",
  "command.intent",
  "command.speech",
  "privacy.keep_recordings",
  "privacy.log_transcripts",
  "loqa.nats",
  "loqa.plaintext",
];

/** Settings that a running program cannot change: they are read once, at the start. */
export const NEEDS_RESTART: readonly string[] = [
  "web.host",
  "web.port",
  "web.tls.cert",
  "web.tls.key",
  "streams.max",
  "relay.hub",
  "relay.id",
  "relay.token",
  "relay.token_file",
  "relay.ca_file",
  "relay.audio_only",
];
