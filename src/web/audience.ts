/**
 * The open pages: sends what changed to all of them. A page that does not read is cut off before what it missed piles
 * up; it connects again when it can.
 */
import type { LiveMessage } from "./schemas/live.ts";

/** What the audience needs of a WebSocket. */
export interface Listener {
  send(text: string): void;
  close(code?: number, reason?: string): void;
}

export class Audience {
  readonly #listeners = new Set<Listener>();

  get size(): number {
    return this.#listeners.size;
  }

  join(listener: Listener, greeting: LiveMessage): void {
    this.#listeners.add(listener);
    listener.send(JSON.stringify(greeting));
  }

  leave(listener: Listener): void {
    this.#listeners.delete(listener);
  }

  tell(message: LiveMessage): void {
    if (this.#listeners.size === 0) return;
    const text = JSON.stringify(message);
    for (const listener of this.#listeners) listener.send(text);
  }

  /** Says goodbye to all, so that pages know at once that the program ends. */
  dismiss(): void {
    for (const listener of this.#listeners) listener.close(1001, "earshot ends");
    this.#listeners.clear();
  }
}
