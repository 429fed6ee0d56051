/** What the page of a relay says of its hub. */
import type { SatelliteView } from "../src/web/schemas.ts";
import { duration, type Wellness } from "./words.ts";

/** The numbers that relays are told their status by. */
const STATUS = ["hears", "heard a wake word", "answers", "does not answer"] as const;

export interface SatelliteWords {
  readonly headline: string;
  readonly connection: Wellness;
  /** What becomes of a word while the hub is away. */
  readonly meanwhile: string | null;
}

/** @param nowMs UTC */
export function describeSatellite(satellite: SatelliteView, nowMs: number): SatelliteWords {
  const { connected, hub, hubName, id, why, since, whileAway, audioOnly } = satellite;
  const forLong = duration(Math.max(0, nowMs - since));
  if (connected) {
    const does = audioOnly
      ? "sends all its sound, and the hub listens"
      : "hears wake words, and the hub decides who answers";
    const headline = `Relay ${id ?? ""} of ${hubName ?? hub}: ${does}.`;
    return { headline, connection: { mood: "ok", word: `Connected for ${forLong}`, detail: hub }, meanwhile: null };
  }
  const alone = whileAway === "alone" && !audioOnly;
  return {
    headline: `Relay of ${hub}, which is away.`,
    connection: { mood: alone ? "warn" : "bad", word: `Away for ${forLong}`, detail: why },
    meanwhile: alone ? "Meanwhile it answers alone." : "Meanwhile a wake word goes unnoticed.",
  };
}

/** What the house does, as the hub last said; null while it has not. */
export function describeHouse({ house }: SatelliteView): string | null {
  if (house === null) return null;
  const { state, model, relay } = house;
  if (state === "off" || state === "armed" || model === null) return "Nobody has said a wake word just now.";
  return relay === null ? `${spoken(model)}: ${state}` : `${spoken(model)} in ${relay}: ${state}`;
}

/** The microphones of the house, as the hub knows them. */
export function describeMembers({ house, id }: SatelliteView): readonly string[] {
  return (house?.relays ?? []).map((one) => {
    const place = one.room === null ? "" : ` (${one.room})`;
    return `${one.id}${place}${one.id === id ? ", this one" : ""}: ${STATUS[one.status] ?? "hears"}`;
  });
}

function spoken(model: string): string {
  return `“${model.replaceAll("_", " ")}”`;
}
