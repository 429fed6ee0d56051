/** Keeps the screen on: a phone that sleeps takes the microphone from the page. */

export class ScreenLock {
  readonly #navigator: { readonly wakeLock?: Pick<WakeLock, "request"> };
  #wanted = false;
  #held: WakeLockSentinel | undefined;

  constructor(navigator: { readonly wakeLock?: Pick<WakeLock, "request"> }) {
    this.#navigator = navigator;
  }

  hold(): Promise<void> {
    this.#wanted = true;
    return this.renew();
  }

  /** Browsers let go of it while the page is hidden. */
  async renew(): Promise<void> {
    if (!this.#wanted || this.#held?.released === false) return;
    // Refused with a low battery, say: then the screen goes off as usual.
    this.#held = await this.#navigator.wakeLock?.request("screen").catch(() => undefined);
    if (!this.#wanted) await this.#held?.release();
  }

  async release(): Promise<void> {
    this.#wanted = false;
    await this.#held?.release();
    this.#held = undefined;
  }
}
