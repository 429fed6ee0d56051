/** The recordings that come with the program; embedded in the compiled binary. */
import alexa from "../../demo/alexa.wav" with { type: "file" };
import demo from "../../demo/demo.flac" with { type: "file" };

/** What plays, in a loop, where there is no microphone. */
export function demoPath(): string {
  return demo;
}

/** One "alexa" by a synthesiser, that `earshot doctor` scores. */
export function clipPath(): string {
  return alexa;
}
