// What a running Earshot made of its sound: for the message of a test in which a word went unnoticed.
import type { DetectionView, NearMissView } from "../../src/web/schemas/detections.ts";
import type { HistoryView } from "../../src/web/schemas/live.ts";
import type { StateView } from "../../src/web/schemas/state.ts";

/** Frames of 80 ms: 10 s. */
const NEWEST_FRAMES = 125;
const LOUD = 0.005;
const LOG_LINES = 20;

/** Its newest words and near misses, the scores of the last 10 s and whether sound was lost; then the end of its log. */
export async function whatItHeard(url: string, log: string): Promise<string> {
  const ask = async <T>(path: string): Promise<T | undefined> => {
    const response = await fetch(url + path, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
    return response?.ok ? ((await response.json()) as T) : undefined;
  };
  const [state, heard, missed, history] = await Promise.all([
    ask<StateView>("/api/state"),
    ask<{ readonly detections: readonly DetectionView[] }>("/api/detections?limit=5"),
    ask<{ readonly nearMisses: readonly NearMissView[] }>("/api/near-misses?limit=5"),
    ask<HistoryView>("/api/history"),
  ]);
  const nowMs = Date.now();
  const ago = (atMs: number) => `${((nowMs - atMs) / 1000).toFixed(2)} s ago`;
  const frames = (history?.frames ?? []).slice(-NEWEST_FRAMES);
  const scores = frames.filter(({ rms, scores }) => rms > LOUD || scores.some((score) => score > 0.1));
  return [
    `words: ${heard?.detections.map(({ model, confidence, timestamp }) => `${model} ${confidence.toFixed(2)} ${ago(timestamp)}`).join(", ")}`,
    `near misses: ${missed?.nearMisses.map(({ model, confidence, missing, timestamp }) => `${model} ${confidence.toFixed(2)} ${missing} ${ago(timestamp)}`).join(", ")}`,
    `scores (rms): ${scores.map(({ at, rms, scores }) => `${ago(at)} ${scores.map((score) => score.toFixed(2)).join("/")} (${rms.toFixed(3)})`).join(", ")}`,
    `activation: ${JSON.stringify(state?.activation)}`,
    `audio: ${JSON.stringify(state?.audio)}`,
    `health: ${JSON.stringify(state?.health.reasons)}`,
    ...log.trimEnd().split("\n").slice(-LOG_LINES),
  ].join("\n");
}
