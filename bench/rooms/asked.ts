// What a relay says when another one has claimed a word, and when: as src/relay and src/hub do it, over frames of a detector.
import { heardOut } from "../../src/arbitration/heard-out.ts";
import { RecentScores } from "../../src/arbitration/recent-scores.ts";

/** Between a frame's end and what is said of it: the network and the way to the hub, and back for an ask. */
export const CLAIM_MS = 10;
const ASK_MS = 12;
/** Nobody is waited for any longer. */
export const WINDOW_MS = 300;
const WORD = "alexa";

export interface Frame {
  readonly endMs: number;
  /** Its score over the threshold. */
  readonly nearness: number;
}

/** The first claim of a word. */
export interface FirstClaim {
  readonly firedMs: number;
  readonly wordEndedMs: number;
}

export interface Said {
  /** `fires`: its own detector was quicker than any answer. */
  readonly what: "fires" | "second" | "pass" | "nothing";
  /** When the hub knows, after the first claim; {@link WINDOW_MS} at most. */
  readonly afterMs: number;
  /** The end of the frame that it goes by. */
  readonly endMs: number;
}

/**
 * @param firedMs when its own detector fires, if it does
 * @param rule.seconds whether it claims what came near only
 */
export function saidBy(
  frames: readonly Frame[],
  firedMs: number | undefined,
  first: FirstClaim,
  { seconds }: { readonly seconds: boolean } = { seconds: true },
): Said {
  const askedMs = first.firedMs + ASK_MS;
  const recent = new RecentScores();
  const said = (what: Said["what"], endMs: number): Said => {
    const afterMs = Math.max(what === "fires" ? endMs : askedMs, endMs + CLAIM_MS) - first.firedMs;
    return afterMs > WINDOW_MS ? NOTHING : { what, afterMs, endMs };
  };
  for (const [index, { endMs, nearness }] of frames.entries()) {
    recent.add(endMs, [{ model: WORD, score: nearness, threshold: 1 }]);
    if (firedMs !== undefined && endMs >= firedMs) return said("fires", firedMs);
    const next = frames[index + 1]?.endMs ?? Number.POSITIVE_INFINITY;
    if (next + CLAIM_MS <= askedMs) continue;
    const nearest = seconds ? recent.nearest(WORD, first.wordEndedMs).nearness : 0;
    const says = heardOut({ untilMs: endMs, nearness, nearest }, first.wordEndedMs, askedMs);
    if (says === "second" || says === "pass") return said(says, endMs);
  }
  return NOTHING;
}

const NOTHING: Said = { what: "nothing", afterMs: WINDOW_MS, endMs: Number.POSITIVE_INFINITY };
