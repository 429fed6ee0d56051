/** What the long check says of what it found. */
import { HOP_MS } from "../src/wake/features.ts";
import { EMBEDDING_TOLERANCE, SCORE_TOLERANCE } from "./comparison.ts";
import type { ExactReport } from "./exact.ts";
import { type Disturbed, WATCHED_MS } from "./phantoms.ts";

export function exactText({ hops, asleepHops, openings, joins, resets, reloads, comparison }: ExactReport): string {
  const minutes = ((hops * HOP_MS) / 60_000).toFixed(1);
  const { scoresApart, embeddingsApart, comparedEmbeddings, crossings, highestAsleep, found, findings } = comparison;
  const lines = [
    `Exactness: ${found === 0 ? "as it must be" : `${found} DIFFERENCES`}`,
    `  ${minutes} minutes of sound; asleep ${((100 * asleepHops) / hops).toFixed(1)} % of it, ${openings} gate openings`,
    `  ${joins} joins, ${resets} resets, ${reloads} reloads`,
    `  scores ${scoresApart.toExponential(2)} apart at most (allowed: ${SCORE_TOLERANCE})`,
    `  embeddings ${embeddingsApart.toExponential(2)} of their largest value apart at most (allowed: ${EMBEDDING_TOLERANCE}), ${comparedEmbeddings} compared`,
    `  ${crossings} crossings of a threshold in the plain pipeline; its highest score while the network slept: ${highestAsleep.toFixed(3)}`,
    ...findings.map(({ stream, atSeconds, what }) => `  stream ${stream} at ${atSeconds.toFixed(2)} s: ${what}`),
  ];
  if (found > findings.length) lines.push(`  ... and ${found - findings.length} more`);
  return `${lines.join("\n")}\n`;
}

export function phantomText(disturbed: readonly Disturbed[]): string {
  const all = disturbed.reduce((sum, { phantoms }) => sum + phantoms.length, 0);
  const lines = [
    `Phantom wakes within ${WATCHED_MS / 1000} s: ${all === 0 ? "none, as it must be" : all}`,
    ...disturbed.map(({ disturbance, room, count, fired, phantoms }) => {
      return `  ${`${disturbance} on ${room}`.padEnd(28)} ${count} times: ${phantoms.length} phantoms, ${fired - phantoms.length} words that are there`;
    }),
    ...disturbed.flatMap(({ disturbance, room, phantoms }) =>
      phantoms.map(
        ({ model, confidence, atSeconds }) =>
          `  ${disturbance} on ${room} at ${atSeconds.toFixed(2)} s: ${model} with ${confidence.toFixed(3)}`,
      ),
    ),
  ];
  return `${lines.join("\n")}\n`;
}
