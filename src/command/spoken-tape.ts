/** The sound of one command, kept from its first sample until it is understood, so that it can be sent, and sent again. */

const FIRST_SAMPLES = 16_000 * 4;

export class SpokenTape {
  #samples = new Int16Array(FIRST_SAMPLES);
  /** Outgrown, and perhaps still looked at. */
  readonly #before: Int16Array<ArrayBuffer>[] = [];
  #length = 0;
  #endedAtUnixMs: number | undefined;
  #wiped = false;
  #news = Promise.withResolvers<void>();
  readonly #mostSamples: number;

  /** @param mostSamples what comes beyond is left out */
  constructor(mostSamples: number) {
    this.#mostSamples = mostSamples;
  }

  /** Samples so far. */
  get length(): number {
    return this.#length;
  }

  /** When the person had stopped speaking; undefined until then. */
  get endedAtUnixMs(): number | undefined {
    return this.#endedAtUnixMs;
  }

  push(pcm: Int16Array): void {
    if (this.#wiped || this.#endedAtUnixMs !== undefined) return;
    const count = Math.min(pcm.length, this.#mostSamples - this.#length);
    if (this.#length + count > this.#samples.length) this.#grow(this.#length + count);
    this.#samples.set(pcm.subarray(0, count), this.#length);
    this.#length += count;
    this.#tell();
  }

  end(atUnixMs: number): void {
    this.#endedAtUnixMs ??= atUnixMs;
    this.#tell();
  }

  /** All samples so far: a view, zeros after `wipe`. */
  get samples(): Int16Array<ArrayBuffer> {
    return this.#samples.subarray(0, this.#length);
  }

  /** Resolves with the end of what is said. @throws the signal's reason when that is aborted before */
  async ended(signal: AbortSignal): Promise<void> {
    while (this.#endedAtUnixMs === undefined) await this.#change(signal);
    signal.throwIfAborted();
  }

  /**
   * All of it in order, from its first sample on: at once what there is, then what comes, to the end.
   * @param atLeast samples of every piece but the last
   * @returns views, zeros after `wipe`
   * @throws the signal's reason when that is aborted
   */
  async *pieces(atLeast: number, signal: AbortSignal): AsyncGenerator<Int16Array<ArrayBuffer>> {
    for (let at = 0; ; ) {
      signal.throwIfAborted();
      const ended = this.#endedAtUnixMs !== undefined;
      for (; this.#length - at >= atLeast; at += atLeast) yield this.#samples.subarray(at, at + atLeast);
      if (ended) {
        if (at < this.#length) yield this.#samples.subarray(at, this.#length);
        return;
      }
      await this.#change(signal);
    }
  }

  /** Nobody wants it any more. */
  wipe(): void {
    for (const samples of [this.#samples, ...this.#before.splice(0)]) samples.fill(0);
    this.#wiped = true;
    this.#tell();
  }

  #grow(least: number): void {
    const before = this.#samples;
    this.#samples = new Int16Array(Math.max(least, Math.min(this.#mostSamples, before.length * 2)));
    this.#samples.set(before);
    this.#before.push(before);
  }

  #tell(): void {
    const news = this.#news;
    this.#news = Promise.withResolvers<void>();
    news.resolve();
  }

  async #change(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    const onAbort = () => aborted.reject(signal.reason);
    signal.addEventListener("abort", onAbort);
    try {
      await Promise.race([this.#news.promise, aborted.promise]);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }
}
