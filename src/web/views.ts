/** From what the records hold to what is shown: one thing each, under the keys of both eras. Pure. */
import { MODEL_DEFAULTS, type ModelSettings } from "../config/schema.ts";
import { type Activation, isListening } from "../hub/activation.ts";
import type { RelayActivation } from "../hub/activations.ts";
import type { ValueOf } from "../memory/field.ts";
import type { DETECTION, MODEL } from "../memory/layout.ts";
import type { ActivationView, RelayActivationView } from "./schemas/activations.ts";
import type { DetectionView, NearMissView } from "./schemas/detections.ts";
import type { ModelView } from "./schemas/models.ts";

/** Four decimals are more than a score or a level means. */
export function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}

type Event = ValueOf<typeof DETECTION.fields>;
type Heard = Pick<Event, "id" | "stream" | "source" | "model" | "label" | "confidence" | "threshold">;

function sourceOf({ source }: Pick<Event, "source">): string | null {
  return source === "" ? null : source;
}

/** @param timestamp UTC, milliseconds since 1970 */
export function detectionView(heard: Readonly<Heard>, timestamp: number, simulated: boolean): DetectionView {
  const { id, stream, model, label, threshold } = heard;
  const source = sourceOf(heard);
  const confidence = rounded(heard.confidence);
  return { id, stream, source, model, model_name: model, label, confidence, threshold, timestamp, simulated };
}

/**
 * @param timestamp UTC, milliseconds since 1970
 * @param missing what was wrong with it
 */
export function nearMissView(
  event: Readonly<Event>,
  timestamp: number,
  missing: NearMissView["missing"],
): NearMissView {
  const { id, stream, model, label, threshold, voice } = event;
  return {
    id,
    stream,
    source: sourceOf(event),
    model,
    label,
    confidence: rounded(event.confidence),
    threshold,
    missing,
    voice: voice < 0 ? null : rounded(voice),
    timestamp,
  };
}

/** @param score the newest, 0..1; 0 when it is old */
export function modelView(
  row: Readonly<ValueOf<typeof MODEL.fields>>,
  settings: ModelSettings | undefined,
  score: number,
): ModelView {
  const { enabled, patience, refractory } = settings ?? MODEL_DEFAULTS;
  const threshold = settings?.threshold ?? row.threshold;
  return {
    name: row.name,
    phrase: row.phrase,
    state: row.state === "absent" ? "loading" : row.state,
    error: row.error === "" ? null : row.error,
    enabled,
    active: enabled,
    threshold,
    sensitivity: rounded(1 - threshold),
    patience,
    refractoryMs: refractory,
    score: row.state === "listening" ? rounded(score) : 0,
    licence: row.licence,
    source: row.source,
  };
}

/** What an activation is shown with: the audio of the moment, and times in UTC. */
export interface Moment {
  readonly rms: number;
  readonly active: boolean;
  readonly armed: boolean;
  /** Of the audio, seconds. */
  readonly lastUpdate: number;
  /** Of the activation's state, milliseconds. */
  readonly since: number;
}

export function activationView(
  activation: Activation,
  { rms, active, armed, lastUpdate, since }: Moment,
): ActivationView {
  const { state, reason, model, source, confidence, sequence } = activation;
  return {
    current_rms: rounded(rms),
    rms: rounded(rms),
    is_active: active,
    is_listening: isListening(activation),
    last_update: lastUpdate,
    listening: armed,
    active,
    status: sentence(activation),
    armed,
    state,
    reason: reason === "" ? null : reason,
    model: model === "" ? null : model,
    source: source === "" ? null : source,
    confidence: rounded(confidence),
    since,
    sequence,
  };
}

/** @param since UTC, milliseconds since 1970 */
export function relayActivationView(activation: RelayActivation, since: number): RelayActivationView {
  const { relay, state, reason, model, source, confidence, fence, simulated } = activation;
  return {
    relay,
    local: source === "",
    state,
    status: sentence({ ...activation, source: "" }),
    reason: reason === "" ? null : reason,
    model: model === "" ? null : model,
    confidence: rounded(confidence),
    fence: fence === 0 ? null : fence,
    simulated,
    since,
  };
}

function sentence({ state, reason, model, source }: Activation): string {
  const heard = `Heard ${model.replaceAll("_", " ")}${source === "" ? "" : ` (${source})`}`;
  switch (state) {
    case "armed":
      return "Listening for wake word...";
    case "off":
      return reason === "" ? "Not listening for wake word" : `Not listening for wake word: ${reason}`;
    case "awake":
      return heard;
    default:
      return `${heard}: ${state}`;
  }
}
