/** What is known of a relay's microphone, in words: for the page and for the command line. */
import type { CalibrationView, RelayView } from "./schemas.ts";

/** `gain +5.8 ± 0.7 dB, learned from 12 words`; null where nothing is known. */
export function describeGain({ db, uncertaintyDb, from, words }: RelayView["gain"]): string | null {
  if (from === "unknown") return null;
  if (from === "configured") return `gain ${signed(db)} dB, configured`;
  return `gain ${signed(db)} ± ${uncertaintyDb.toFixed(1)} dB, learned from ${words} ${words === 1 ? "word" : "words"}`;
}

/** Null where there is nothing to see to. */
export function describeEvidence({ state, because }: RelayView["evidence"]): string | null {
  return state === "disbelieved" ? `not believed: ${because ?? "it overstated"}` : null;
}

const OUTCOMES: Readonly<Record<CalibrationView["relays"][number]["outcome"], string>> = {
  waited_for: "listens",
  heard: "heard it",
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
export function describeCalibration({ phase, set, why }: CalibrationView): string | null {
  if (phase !== "done") return null;
  if (set) return "The gains are set. In a house of several rooms: once in each room.";
  return why === "nobody_heard_it"
    ? "Nobody heard a loud sound: make it louder, or nearer to the middle of the room."
    : "Only one heard it: gains are set where two or more hear one sound.";
}

function signed(db: number): string {
  return `${db < 0 ? "-" : "+"}${Math.abs(db).toFixed(1)}`;
}
