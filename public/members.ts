/** What a page says of those in the house, where it knows no more than what a hub tells each of its relays. */
import type { ActivationState } from "../src/web/schemas/activations.ts";
import { describeDoing } from "./words.ts";

/** The numbers that relays are told their status by: docs/protocol.md, "state". */
const CONTENDING = 1;
const WINNER = 2;
const CANCELLED = 3;

export interface Member {
  readonly id: string;
  readonly room: string | null;
  readonly status: number;
  /** Its loudspeaker says an answer. */
  readonly responding?: boolean | undefined;
}

/** The house's activation, and the name of its hub. */
export interface House {
  readonly hub: string | null;
  readonly state: string;
  /** Who answers, or whose word it was. */
  readonly relay: string | null;
}

export interface MemberWords {
  readonly mood: "ok" | "busy" | "unknown";
  readonly word: string;
}

/** A hub does not tell its relays of each other whether they are muted: who is there is connected, and not more. */
export function describeMember({ id, status, responding }: Member, { hub, state, relay }: House): MemberWords {
  if (responding === true) return { mood: "busy", word: capitalised(describeDoing("responding")) };
  switch (status) {
    case CONTENDING:
      return { mood: "busy", word: "Heard a wake word" };
    case WINNER:
      return { mood: "busy", word: relay === id && isWork(state) ? capitalised(describeDoing(state)) : "Answers" };
    case CANCELLED:
      return { mood: "unknown", word: `Leaves it to ${relay === null || relay === id ? "another" : relay}` };
    default:
      return { mood: "ok", word: id === hub ? "Decides who answers" : "Connected" };
  }
}

function isWork(state: string): state is Extract<ActivationState, "recording" | "processing" | "responding"> {
  return state === "recording" || state === "processing" || state === "responding";
}

function capitalised(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
