/** A state as the server sends it, for the tests of the page. */
import type { ActivationView, RelayActivationView } from "../../src/web/schemas/activations.ts";
import type { NearMissView } from "../../src/web/schemas/detections.ts";
import type { ModelView } from "../../src/web/schemas/models.ts";
import type { RelayView } from "../../src/web/schemas/relays.ts";
import type { RoundView } from "../../src/web/schemas/rounds.ts";
import type { AudioView, StreamView } from "../../src/web/schemas/sound.ts";
import type { StateView } from "../../src/web/schemas/state.ts";

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
    label: "alexa",
    confidence: 0.41,
    threshold: 0.5,
    missing: "below",
    voice: null,
    timestamp: NOW_MS,
    ...change,
  };
}

export function relay(id: string, change: Partial<RelayView> = {}): RelayView {
  return {
    id,
    kind: "relay",
    address: "192.168.1.20:50512",
    software: "earshot 0.1.0",
    room: null,
    zone: "house",
    status: 0,
    detects: true,
    delayMs: 3.2,
    rms: 0.01,
    connected: true,
    expected: false,
    trouble: null,
    since: NOW_MS,
    gain: { db: 0, uncertaintyDb: 4, from: "unknown", words: 0, calibrations: 0, movedAt: null },
    evidence: { state: "unchecked", because: null, since: null },
    ...change,
  };
}

export function relayActivation(relay: string, change: Partial<RelayActivationView> = {}): RelayActivationView {
  return {
    ...{ relay, local: false, state: "armed", status: "", reason: null, model: null, confidence: 0, fence: null },
    ...{ simulated: false, since: NOW_MS },
    ...change,
  };
}

export function claim(relayId: string, change: Partial<RoundView["claims"][number]> = {}): RoundView["claims"][number] {
  return {
    relayId,
    model: "alexa",
    confidence: 0.93,
    evidence: null,
    endedAfterMs: -80,
    arrivedAfterMs: 0,
    repeats: 0,
    late: false,
    seconded: false,
    standing: "lost",
    ...change,
  };
}

/** The kitchen wins over the hall, 12 ms after the first of their claims. */
export function round(change: Partial<RoundView> = {}): RoundView {
  return {
    round: 7,
    zone: "house",
    phase: "over",
    openedAt: NOW_MS - 5000,
    claims: [claim("hall"), claim("kitchen", { standing: "granted", arrivedAfterMs: 11.6 })],
    waitedFor: [{ relayId: "kitchen", because: "hears", asked: true, outcome: "claimed", waitedMs: 11.6 }],
    outOfEarshot: [],
    verdict: {
      because: "all_spoke",
      afterMs: 11.7,
      ranking: [
        { relayId: "kitchen", score: 1.5, terms: [{ name: "level", value: 1.5, because: "even -20.1 dB" }] },
        { relayId: "hall", score: -2.25, terms: [{ name: "level", value: -2.25, because: "even -31.9 dB" }] },
      ],
    },
    grants: [{ relayId: "kitchen", fence: 17, because: "best", afterMs: 11.7 }],
    firstAudioAfterMs: 30,
    ended: { why: "finished", afterMs: 2000 },
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
    activations: [relayActivation("hall", { local: true })],
    arbitration: {
      ...{ underWay: 0, round: 0, zone: "", phase: "none", status: "connected", contenders: 0, waiting: 0 },
      ...{ winner: null, fence: null, openedAt: null, closesAt: null },
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
      speaker: { state: "closed", device: "", error: null },
      ...audio,
    },
    streams: [stream(0, { address: null, since: null })],
    relays: [relay("hall", { kind: "local", address: null })],
    rounds: [],
    commands: [],
    satellite: null,
    models: [model("alexa")],
    detections: [],
    nearMisses: [],
    health: { status: "ok", reasons: [], workers: [], uptimeMs: 1000 },
    updateRateMs: 100,
    method: "shared_memory",
    ...rest,
  };
}
