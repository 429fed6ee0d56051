/** Whether a hub has grown over many rounds. Pure. */
import type { Footprint } from "./hub-process.ts";

/** What a collector of garbage leaves lying for a while, and what a program adds to once: buffers, compiled code. */
const SLACK_MB = 40;
/** A round that leaves something behind leaves more than this: 50 of them are remembered. */
const MOST_KB_A_ROUND = 100;
/** Connections of whoever asks, at the moment of the look. */
const SLACK_DESCRIPTORS = 4;

/** @returns what is wrong, for people */
export function growthOf({
  rounds,
  before,
  after,
}: {
  readonly rounds: number;
  readonly before: Footprint;
  readonly after: Footprint;
}): readonly string[] {
  const wrong: string[] = [];
  const grownMb = after.rssMb - before.rssMb;
  if (grownMb > SLACK_MB + (rounds * MOST_KB_A_ROUND) / 1024) {
    wrong.push(`the hub has grown by ${Math.round(grownMb)} MB in ${rounds} rounds`);
  }
  const opened = after.descriptors - before.descriptors;
  if (opened > SLACK_DESCRIPTORS)
    wrong.push(`the hub has ${opened} more file descriptors than ${rounds} rounds before`);
  return wrong;
}
