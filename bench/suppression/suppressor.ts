/** Something that is said to take noise out of speech. */
export interface Suppressor {
  readonly name: string;
  /**
   * A whole stream, from a state that has heard nothing.
   *
   * @param pcm 16 kHz mono s16
   * @returns a new array, as long; what was said may lie some 10 ms later in it
   */
  suppress(pcm: Int16Array): Int16Array;
}

/** Sound as it is. */
export const NOTHING: Suppressor = { name: "nothing", suppress: (pcm) => pcm };
