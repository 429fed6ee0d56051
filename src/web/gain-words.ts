/** What is known of a relay's microphone, in words: for the page and for the command line. */
import type { CalibrationView } from "./schemas/calibration.ts";
import type { RelayView } from "./schemas/relays.ts";

/**
 * `gain +5.8 ± 0.7 dB, learned from 12 words and 1 calibration`; null where nothing was heard to learn from, and where there is
 * something, but it is not known who shares a room, that.
 */
export function describeGain({ db, uncertaintyDb, from, words, calibrations }: RelayView["gain"]): string | null {
  const heard = [counted(words, "word"), counted(calibrations, "calibration")].filter((part) => part !== null);
  if (from === "unknown") {
    if (heard.length === 0) return null;
    return `gain not learned from ${heard.join(" and ")}: who shares its room is not known (relays.ID.room)`;
  }
  const gain = describeGainBriefly({ db, uncertaintyDb, from });
  return from === "configured" ? `${gain}, configured` : `${gain}, learned from ${heard.join(" and ")}`;
}

function counted(count: number, what: string): string | null {
  return count === 0 ? null : `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** `gain +5.8 ± 0.7 dB`; null where nothing is known. */
export function describeGainBriefly({
  db,
  uncertaintyDb,
  from,
}: Pick<RelayView["gain"], "db" | "uncertaintyDb" | "from">): string | null {
  if (from === "unknown") return null;
  return from === "configured" ? `gain ${signed(db)} dB` : `gain ${signed(db)} ± ${uncertaintyDb.toFixed(1)} dB`;
}

/** Null where there is nothing to see to. */
export function describeEvidence({ state, because }: RelayView["evidence"]): string | null {
  return state === "disbelieved" ? `not believed: ${because ?? "it overstated"}` : null;
}

const OUTCOMES: Readonly<Record<CalibrationView["relays"][number]["outcome"], string>> = {
  waited_for: "listens",
  heard: "heard it",
  room_unknown: "heard it, but who shares its room is not known",
  disbelieved: "heard it, but what it measures is not believed",
  other_sound: "heard another sound, at another time",
  too_quiet: "heard nothing loud enough",
  sound_lost: "muted, or its sound had gaps",
  no_answer: "did not answer",
  cannot: "cannot: it needs a newer version",
};

/** `heard it at -23.1 dB: gain +0.0 → +5.8 ± 0.9 dB`. */
export function describeOutcome(relay: CalibrationView["relays"][number]): string {
  const { outcome, levelDb, gainBeforeDb, gainDb, uncertaintyDb } = relay;
  if (outcome !== "heard" || levelDb === null) return OUTCOMES[outcome];
  const heard = `${OUTCOMES.heard} at ${levelDb.toFixed(1)} dB`;
  if (gainDb === null || uncertaintyDb === null) return heard;
  return `${heard}: gain ${signed(gainBeforeDb)} → ${signed(gainDb)} ± ${uncertaintyDb.toFixed(1)} dB`;
}

/** What came of a calibration as a whole, and what to do; null while it is not done. */
export function describeCalibration({ phase, set, why, relays }: CalibrationView): string | null {
  if (phase !== "done") return null;
  if (relays.length === 0) return "No microphone is connected: connect relays (earshot relay), then do it again.";
  if (set) return "The gains are set. In a house of several rooms: once in each room.";
  if (why === "nobody_heard_it") {
    return "Nobody heard a loud sound: make it louder, or nearer to the middle of the room.";
  }
  return why === "rooms_unknown"
    ? "Nothing was learned: which microphones share a room is not known, and what they differ by may be a wall. Name their rooms in the " +
        "configuration (relays.ID.room). Or, if all that heard it are in one room, say so and do it again: earshot calibrate " +
        "--one-room, or tick it on the page."
    : "Only one heard it: gains are set where two or more hear one sound.";
}

function signed(db: number): string {
  return `${db < 0 ? "-" : "+"}${Math.abs(db).toFixed(1)}`;
}
