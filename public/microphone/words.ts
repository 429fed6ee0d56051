/** From what is known to what the page says. Pure. */
import type { Sentence } from "../words.ts";
import type { DatedBy } from "./heard-at.ts";
import type { HouseState, Lateness, Link, Turn } from "./lent.ts";
import type { MicrophoneState, MicrophoneTrouble } from "./microphone.ts";

/** What an iPhone, an Android and a desktop call the thing beside the address. */
const ALLOW = "Tap the symbol beside the address, allow the microphone for this page, and come back.";

const TROUBLES: Readonly<Record<MicrophoneTrouble, { readonly headline: string; readonly hint: string }>> = {
  denied: { headline: "This page may not use the microphone", hint: ALLOW },
  none: { headline: "This device has no microphone", hint: "Plug one in: the page notices by itself." },
  busy: {
    headline: "The microphone is in use",
    hint: "Close the program that uses it: the page tries again by itself.",
  },
  unplugged: { headline: "The microphone is gone", hint: "Plug it in again: the page notices by itself." },
  taken: {
    headline: "The phone has taken the microphone",
    hint: "It comes back after the call, or with this page in front.",
  },
  held: { headline: "The browser holds the sound back", hint: "Tap anywhere on this page." },
  other: { headline: "The microphone cannot be opened", hint: "The page tries again by itself." },
};

/** What to do where the hub did answer, by the code with which it sent this microphone away. */
const SENT_AWAY: ReadonlyMap<string, string> = new Map([
  ["name_of_hub", "Stop, and give this microphone another name."],
  ["replaced", "If that is another device: stop, and give this microphone another name."],
  ["revoked", "Stop, and lend it again with a new token: earshot token add NAME on the hub makes one."],
  ["too_many_relays", "Somebody must leave first, or arbitration.max_relays of the hub be raised."],
  ["streams_full", "Somebody must leave first, or streams.max of the hub be raised."],
]);

export interface Known {
  readonly microphone: MicrophoneState;
  readonly link: Link;
  readonly turn: Turn;
  readonly house: HouseState | null;
  readonly houseIsOff: boolean;
  readonly nowMs: number;
}

export function describeLent({ microphone, link, turn, house, houseIsOff, nowMs }: Known): Sentence {
  if (microphone.kind === "closed") {
    const detail = "The hub listens to it for the wake word; this device answers when it is the nearest.";
    return said("unknown", "Lend this microphone to the house", detail);
  }
  if (microphone.kind === "asking") return said("unknown", "May this page use the microphone?", "Answer your browser.");
  if (microphone.kind === "failed") {
    const { headline, hint } = TROUBLES[microphone.why];
    return said("off", headline, microphone.message === "" ? null : microphone.message, hint);
  }
  switch (link.kind) {
    case "refused":
      return said("off", "The hub does not let this microphone in", sentence(link.title), link.hint);
    case "away": {
      const next = `Next try in ${Math.max(0, Math.ceil((link.retryAtMs - nowMs) / 1000))} s.`;
      const whatToDo = SENT_AWAY.get(link.code);
      if (whatToDo !== undefined) return said("off", capitalised(link.message), next, whatToDo);
      return said("unknown", "The hub is away", `${sentence(link.message)} ${next}`);
    }
    case "off":
    case "connecting":
      return said("unknown", "Connecting to the hub...", null);
  }
  switch (turn.kind) {
    case "answering":
      return said("busy", "This microphone answers", whatNow(house, link.id));
    case "reply":
      return said("busy", turn.text === "" ? "Answering" : turn.text, null);
    case "lost":
      return said("armed", `${turn.winner.room ?? turn.winner.id} answers`, "It heard the word better than this one.");
    case "quiet": {
      if (houseIsOff) {
        return said(
          "off",
          "The hub is not listening",
          "It is muted, or it has trouble: the page of the house says why.",
        );
      }
      const where = link.room === null ? "" : ` in ${link.room}`;
      return said("armed", "Listening for the wake word", `As ${link.id}${where}, for ${link.hub}.`);
    }
  }
}

const KNOWN_BY: Readonly<Record<DatedBy, string>> = {
  stamps: "by the time that each piece of it carries",
  track: "as the browser measures it",
  settings: "as the browser says",
  guess: "which is a guess: this browser does not say",
};

/** How late sound comes: by it the hub knows that this microphone heard a word when the others did. */
export function describeLateness({ ms, by }: Lateness): string {
  return `Its sound is dated ${ms} ms back, to when it was heard, ${KNOWN_BY[by]}.`;
}

/** @param id of this microphone */
function whatNow(house: HouseState | null, id: string): string {
  const { state = "", relay = null, model = "" } = house?.activation ?? {};
  if (relay === id && state === "processing") return "Working out what you said.";
  if (relay === id && state === "responding") return "Answering.";
  return model === "" ? "Speak." : `It heard ${model}. Speak.`;
}

function said(mood: Sentence["mood"], headline: string, detail: string | null, hint: string | null = null): Sentence {
  return { mood, headline, withRms: false, detail, hint };
}

function sentence(text: string): string {
  const whole = capitalised(text);
  return /[.?!]$/.test(whole) ? whole : `${whole}.`;
}

function capitalised(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
