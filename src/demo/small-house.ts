/** The house of the demo, seen from above, metres: three rooms in a row with a relay in each, and where people speak. */

export interface Spot {
  readonly x: number;
  readonly y: number;
}

export interface DemoRoom {
  /** The relay's id. */
  readonly relay: string;
  readonly name: string;
  /** West wall; all rooms are as deep as the house. */
  readonly fromX: number;
  readonly toX: number;
  readonly microphone: Spot;
  /** How much louder than others its microphone is, dB. */
  readonly gainDb: number;
}

/** Kitchen, living room and study, doors open between them. The study's microphone is 6 dB too loud: the loudest is not the nearest. */
export const ROOMS: readonly DemoRoom[] = [
  { relay: "kitchen", name: "Kitchen", fromX: 0, toX: 4, microphone: { x: 1, y: 3.5 }, gainDb: 0 },
  { relay: "living", name: "Living room", fromX: 4, toX: 9, microphone: { x: 6.5, y: 0.5 }, gainDb: 0 },
  { relay: "study", name: "Study", fromX: 9, toX: 12, microphone: { x: 11, y: 2 }, gainDb: 6 },
];

export function roomAt(spot: Spot): DemoRoom {
  const room = ROOMS.find(({ fromX, toX }) => spot.x >= fromX && spot.x < toX);
  if (room === undefined) throw new RangeError(`nobody stands at ${spot.x} m: the house is 12 m long`);
  return room;
}

/** Walls between two spots. */
export function wallsBetween(a: Spot, b: Spot): number {
  return Math.abs(ROOMS.indexOf(roomAt(a)) - ROOMS.indexOf(roomAt(b)));
}
