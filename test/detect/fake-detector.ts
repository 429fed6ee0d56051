// A detector that scores a hop by its first sample, in hundredths: from a half on it fires, from a quarter on nearly.
import type { Detector, DetectorHop, Heard } from "../../src/wake/detector.ts";

export class FakeDetector implements Detector {
  readonly models = [];
  readonly scores = new Float32Array(2);
  stuck = 0;
  heldUntilMs = Number.NEGATIVE_INFINITY;
  asleep = false;
  label = "alexa";
  behind = 0;
  heard: readonly Heard[] = [];
  /** How many more runs the next hop takes. */
  behindAfter = 0;
  readonly hops: { readonly first: number; readonly endMs: number }[] = [];
  readonly resets: { readonly nowMs: number; readonly live: boolean }[] = [];
  #waiting: Int16Array | undefined;

  /** As `hopTogether` does, for this one. */
  run({ pcm, frameEndMs }: DetectorHop): void {
    this.heard = [];
    if (pcm !== undefined) {
      this.#waiting = pcm;
      this.behind = this.behindAfter;
      this.behindAfter = 0;
    } else this.behind--;
    if (this.behind > 0 || this.#waiting === undefined) return;
    const first = this.#waiting[0] ?? 0;
    this.hops.push({ first, endMs: frameEndMs });
    this.scores[0] = first / 100;
    const word = { model: "alexa", modelIndex: 0, label: this.label, confidence: first / 100, voice: undefined };
    if (first >= 50) this.heard = [{ kind: "detection", ...word, atMs: frameEndMs }];
    else if (first >= 25) this.heard = [{ kind: "below", ...word, atMs: frameEndMs }];
  }

  async hop(pcm: Int16Array, frameEndMs: number): Promise<readonly Heard[]> {
    this.run({ detector: this, pcm, frameEndMs });
    return this.heard;
  }

  async take(): Promise<readonly []> {
    return [];
  }

  async judge(): Promise<void> {}

  configure(): void {}

  reset(nowMs: number, live: boolean): void {
    this.behind = 0;
    this.resets.push({ nowMs, live });
  }
}
