/** What the audio thread hands to the page, 50 times a second. The page answers each with anything: it has fetched it. */
export interface SoundMessage {
  /** 16 kHz, one channel, 20 ms. */
  readonly pcm: Int16Array<ArrayBuffer>;
  /** Samples of 16 kHz that are missing before it, because the page did not fetch in time. */
  readonly lostSamples: number;
}
