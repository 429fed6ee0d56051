/**
 * Whether somebody speaks: Silero VAD (v5), asked when a wake word is about to fire, and all through a command. As a gate
 * before the wake words it would cost as much as the network that it saves.
 */
import * as ort from "onnxruntime-web/wasm";
import { VOICE_ACTIVITY } from "./catalogue.ts";
import { type ReadFile, readReleased } from "./load.ts";
import { floatsOf, openSession, type Session } from "./ort.ts";
import { WakeModelError } from "./wake-model-error.ts";

/** Samples that the graph takes at a time, and those of the chunk before that it wants to see again. 16 kHz. */
export const CHUNK_SAMPLES = 512;
const CONTEXT_SAMPLES = 64;
const STATE_SHAPE = [2, 1, 128];
const STATE_SIZE = 256;

/**
 * How far back speech is looked for, 0.8 s: a word fires as it ends. Over 1.6 s as many real words are found, and more
 * false accepts are let through, those that begin when somebody has just stopped speaking.
 */
const SPEECH_SAMPLES = 12_800;
/** What the graph hears before that, to settle. */
const SETTLE_SAMPLES = 8_192;

/** How much PCM a look back takes. */
export const LOOK_BACK_SAMPLES = SETTLE_SAMPLES + SPEECH_SAMPLES;

/** Listens to one sound from its begin to its end. */
export interface VoiceStream {
  /**
   * The probability of speech, 0..1, in the next chunk. One call at a time; takes one run of the graph.
   *
   * @param chunk {@link CHUNK_SAMPLES} samples, 16 kHz mono
   */
  next(chunk: Int16Array): Promise<number>;
}

export interface VoiceActivity {
  /**
   * The highest probability of speech, 0..1, in the last 0.8 s; or the first one found that is `enough`. Takes 17 to 41
   * runs of the graph; calls take their turns.
   *
   * @param pcm 16 kHz mono; its last {@link LOOK_BACK_SAMPLES} are looked at
   */
  highest(pcm: Int16Array, enough: number): Promise<number>;
  /** A sound of its own, beside all others. */
  stream(): VoiceStream;
  /** Nothing may be called afterwards. */
  close(): Promise<void>;
}

/**
 * Opens the graph, in a thread that has made an engine.
 *
 * @throws WakeModelError (missing_file, altered_file, not_onnx, wrong_shape): wake words can do without it
 */
export async function loadVoiceActivity(readFile: ReadFile): Promise<VoiceActivity> {
  const name = "silero_vad";
  const { path, bytes } = await readReleased(name, VOICE_ACTIVITY, readFile);
  const session = await openSession(bytes).catch((cause: unknown) => {
    throw new WakeModelError("not_onnx", name, `model ${name}: ${path} is not a readable ONNX graph`, { cause });
  });
  const voice = voiceActivity(session);
  try {
    await voice.highest(new Int16Array(CHUNK_SAMPLES), 1);
  } catch (cause) {
    await voice.close();
    throw new WakeModelError("wrong_shape", name, `model ${name}: a trial run of ${path} failed`, { cause });
  }
  return voice;
}

function voiceActivity(session: Session): VoiceActivity {
  const sr = new ort.Tensor("int64", BigInt64Array.of(16_000n), []);
  let turn: Promise<unknown> = Promise.resolve();

  /** @returns what gives the probability of each next chunk, of which `start` is the first sample */
  const begun = (): ((pcm: Int16Array, start: number) => Promise<number>) => {
    const samples = new Float32Array(CONTEXT_SAMPLES + CHUNK_SAMPLES);
    const input = new ort.Tensor("float32", samples, [1, samples.length]);
    let state = new ort.Tensor("float32", new Float32Array(STATE_SIZE), STATE_SHAPE);
    return async (pcm, start) => {
      samples.copyWithin(0, CHUNK_SAMPLES);
      for (let i = 0; i < CHUNK_SAMPLES; i++) samples[CONTEXT_SAMPLES + i] = (pcm[start + i] ?? 0) / 32_768;
      const outputs = await session.run({ input, state, sr });
      state = new ort.Tensor("float32", floatsOf(outputs, "stateN", STATE_SIZE), STATE_SHAPE);
      return floatsOf(outputs, "output", 1)[0] ?? 0;
    };
  };
  /** onnxruntime runs one thing at a time. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = turn.then(work);
    turn = done.catch(() => {});
    return done;
  };

  const highest = async (pcm: Int16Array, enough: number): Promise<number> => {
    const next = begun();
    let highest = 0;
    // Chunks end with the newest sample.
    for (let start = pcm.length % CHUNK_SAMPLES; start < pcm.length; start += CHUNK_SAMPLES) {
      const probability = await next(pcm, start);
      if (start < pcm.length - SPEECH_SAMPLES) continue;
      highest = Math.max(highest, probability);
      if (highest >= enough) break;
    }
    return highest;
  };

  return {
    highest: (pcm, enough) => inTurn(() => highest(pcm.subarray(-LOOK_BACK_SAMPLES), enough)),
    stream() {
      const next = begun();
      return { next: (chunk) => inTurn(() => next(chunk, 0)) };
    },
    close: () => session.release(),
  };
}
