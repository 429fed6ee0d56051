/**
 * All streams by turns: whoever has a hop waiting gives one, and those go through the network together. Nobody gets a
 * second hop before everybody who waited had one, so a stream that has much to make up for delays the others by no
 * more than one run.
 */
import type { DetectorHop } from "../wake/detector.ts";
import type { StreamListener } from "./stream-listener.ts";

/** Streams in one run: more gains nothing, and all of them wait for the whole of it (`bun bench/detect.ts`). */
export const MOST_TOGETHER = 16;

export class StreamTurns {
  readonly #run: (hops: readonly DetectorHop[]) => Promise<void>;
  readonly #served: StreamListener[] = [];
  readonly #hops: DetectorHop[] = [];
  #next = 0;

  /** @param run puts these hops through the network */
  constructor(run: (hops: readonly DetectorHop[]) => Promise<void>) {
    this.#run = run;
  }

  /** One run. @returns whether there was anything to hear */
  async step(listeners: readonly StreamListener[]): Promise<boolean> {
    const [served, hops] = [this.#served, this.#hops];
    served.length = hops.length = 0;
    const begin = this.#next;
    for (let i = 0; i < listeners.length && hops.length < MOST_TOGETHER; i++) {
      const at = (begin + i) % listeners.length;
      const listener = listeners[at];
      const hop = listener?.take();
      this.#next = at + 1;
      if (listener === undefined || hop === undefined) continue;
      served.push(listener);
      hops.push(hop);
    }
    if (hops.length === 0) return false;
    await this.#run(hops);
    for (const listener of served) listener.tell();
    return true;
  }
}
