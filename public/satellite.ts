/** What the page of a relay says of its hub. */
import type { ActivationState } from "../src/web/schemas/activations.ts";
import type { SatelliteView } from "../src/web/schemas/satellite.ts";
import { describeMember, type Member, type MemberWords } from "./members.ts";
import { describeDoing, duration, type Wellness } from "./words.ts";

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
    const name = hubName ?? hub;
    const does = audioOnly
      ? `sends all its sound, and ${name} listens for wake words`
      : `listens for wake words, and ${name} decides who answers`;
    const headline = `As ${id ?? "a relay"}, this machine ${does}.`;
    return { headline, connection: { mood: "ok", word: `Connected for ${forLong}`, detail: null }, meanwhile: null };
  }
  const alone = whileAway === "alone" && !audioOnly;
  return {
    headline: `This machine is a relay of ${hub}, which is away.`,
    connection: { mood: alone ? "warn" : "bad", word: `Away for ${forLong}`, detail: why },
    meanwhile: alone ? "Meanwhile it answers alone." : "Meanwhile a wake word goes unnoticed.",
  };
}

/** What the house does, as the hub last said; null while it has not. */
export function describeHouse({ house }: SatelliteView): string | null {
  if (house === null) return null;
  const { state, model, relay } = house;
  if (state === "off" || state === "armed" || model === null) return "Nobody has said a wake word just now.";
  const word = `“${model.replaceAll("_", " ")}”${relay === null ? "" : ` in ${relay}`}`;
  return `${word}: ${describeDoing(state as ActivationState)}.`;
}

export interface MemberView extends Omit<MemberWords, "mood"> {
  readonly mood: MemberWords["mood"] | "bad";
  readonly id: string;
  /** Where it is, and which part it has: `Kitchen · this one`. */
  readonly place: string;
}

/**
 * Who is in the house, as the hub last said: this machine first, then the hub.
 * @param isOff whether a wake word would go unnoticed by this machine
 */
export function describeMembers({ house, id, hubName }: SatelliteView, isOff: boolean): readonly MemberView[] {
  if (house === null) return [];
  const rank = (member: Member) => (member.id === id ? 0 : member.id === hubName ? 1 : 2);
  return house.relays
    .toSorted((one, other) => rank(one) - rank(other))
    .map((member) => {
      const room = member.room?.toLowerCase() === member.id.toLowerCase() ? null : member.room;
      const part = member.id === id ? "this machine" : member.id === hubName ? "the hub" : null;
      const place = [room, part].filter((known) => known !== null).join(" · ");
      if (member.id === id && isOff) return { id: member.id, place, mood: "bad", word: "Not listening" };
      return { id: member.id, place, ...describeMember(member, { ...house, hub: hubName }) };
    });
}
