/** What a person is told after a command, whatever the protocol of the relay that says it. */
export interface Reply {
  readonly kind: "answer" | "confirmation" | "no_speech" | "error";
  /** To be said or shown; may be empty. */
  readonly text: string;
  /** What was understood; empty where nothing was. */
  readonly transcription: string;
  /** The intent that was found in it; empty where none was. */
  readonly command: string;
  /** Mono. */
  readonly speech: { readonly pcm: Int16Array; readonly sampleRateHz: number } | undefined;
}
