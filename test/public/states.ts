/** A state as the server sends it, for the tests of the page. */
import type { ActivationView, AudioView, ModelView, StateView } from "../../src/web/schemas.ts";

export const NOW_MS = 1_700_000_000_000;

export function model(name: string, change: Partial<ModelView> = {}): ModelView {
  return {
    name,
    phrase: name.replaceAll("_", " "),
    state: "listening",
    error: null,
    enabled: true,
    active: true,
    threshold: 0.5,
    sensitivity: 0.5,
    patience: 1,
    refractoryMs: 1500,
    score: 0,
    licence: "",
    source: "",
    ...change,
  };
}

export interface StateChange extends Partial<Omit<StateView, "activation" | "audio">> {
  readonly activation?: Partial<ActivationView>;
  readonly audio?: Partial<AudioView>;
}

export function state({ activation, audio, ...rest }: StateChange = {}): StateView {
  return {
    name: "kitchen",
    version: "0.1.0",
    now: NOW_MS,
    activation: {
      current_rms: 0.25,
      rms: 0.25,
      is_active: true,
      is_listening: false,
      last_update: NOW_MS / 1000,
      listening: true,
      active: true,
      status: "",
      armed: true,
      state: "armed",
      reason: null,
      model: null,
      confidence: 0,
      since: NOW_MS,
      sequence: 1,
      ...activation,
    },
    audio: {
      source: "default",
      device: "USB microphone",
      state: "open",
      error: null,
      muted: false,
      demo: false,
      sampleRate: 16_000,
      reopens: 0,
      overruns: 0,
      lostSamples: 0,
      lagMs: 40,
      ...audio,
    },
    models: [model("alexa")],
    detections: [],
    health: { status: "ok", reasons: [], workers: [], uptimeMs: 1000 },
    updateRateMs: 100,
    method: "shared_memory",
    ...rest,
  };
}
