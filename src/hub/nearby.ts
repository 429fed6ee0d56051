/** Who hears what a relay plays. Pure. */
export interface Place {
  readonly room: string | undefined;
  readonly zone: string;
}

/** Relays of one room; where a room is not known, of one zone: a word too few is better than an assistant that wakes itself. */
export function isNear(a: Place, b: Place): boolean {
  if (a.zone !== b.zone) return false;
  return a.room === undefined || b.room === undefined || a.room === b.room;
}
