/** A state as the server sends it, for the tests of the page. */
import type {
  ActivationView,
  AudioView,
  ModelView,
  NearMissView,
  StateView,
  StreamView,
} from "../../src/web/schemas.ts";

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

export function stream(id: number, change: Partial<StreamView> = {}): StreamView {
  return {
    id,
    name: `room ${id}`,
    address: "192.168.1.20:50512",
    state: "listening",
    asleep: false,
    rms: 0.01,
    lagMs: 0,
    lostSamples: 0,
    since: NOW_MS,
    ...change,
  };
}

export function nearMiss(id: number, change: Partial<NearMissView> = {}): NearMissView {
  return {
    id,
    stream: 0,
    source: null,
    model: "alexa",
    confidence: 0.41,
    threshold: 0.5,
    missing: "below",
    voice: null,
    timestamp: NOW_MS,
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
      source: null,
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
      asleep: false,
      ...audio,
    },
    streams: [stream(0, { address: null, since: null })],
    models: [model("alexa")],
    detections: [],
    nearMisses: [],
    health: { status: "ok", reasons: [], workers: [], uptimeMs: 1000 },
    updateRateMs: 100,
    method: "shared_memory",
    ...rest,
  };
}
