/**
 * The activations of the house: one for each relay with a wake word under way, several rooms at once. Each stands in a slot
 * of the shared memory, from which a web worker that was started again goes on. Runs in the web worker, their one writer.
 */

import type { ACTIVATION } from "../memory/layout.ts";
import type { RecordWriter } from "../memory/record.ts";
import type { SharedMemory } from "../memory/shared-memory.ts";
import {
  type Activation,
  type ActivationEvent,
  type CommandEvent,
  INITIAL_ACTIVATION,
  isListening,
  stepActivation,
} from "./activation.ts";

export interface RelayActivation extends Activation {
  /** Whose it is. */
  readonly relay: string;
}

/** What is heard of the local microphone comes from nowhere else. */
const LOCAL = "";
const FREE: ActivationEvent = { type: "looked", hearing: true };

interface Slot {
  readonly record: RecordWriter<typeof ACTIVATION.fields>;
  activation: RelayActivation;
}

export class Activations {
  readonly #local: Slot;
  /** Lent to the other relays. */
  readonly #others: readonly Slot[];

  /** @param localId what this machine's microphone is called */
  constructor(memory: SharedMemory, localId: string) {
    const [local, ...others] = Array.from({ length: memory.size.relays }, (_, index) => slotOf(memory, index));
    if (local === undefined) throw new RangeError("shared memory without a place for this machine's activation");
    local.activation = { ...local.activation, relay: localId };
    this.#local = local;
    this.#others = others;
  }

  /** The house's: that with the newest wake word; while none is under way, whether this machine's microphone is armed. */
  get house(): Activation {
    const slots = this.#slots();
    // Counts the changes of all.
    const sequence = slots.reduce((sum, { activation }) => sum + activation.sequence, 0);
    const newest = newestOf(slots.filter(({ activation }) => isListening(activation)));
    if (newest !== undefined) return { ...newest.activation, sequence };
    const { model, source, confidence, wokeMs } = (newestOf(slots) ?? this.#local).activation;
    const sinceMs = Math.max(...slots.map(({ activation }) => activation.sinceMs));
    return { ...this.#local.activation, model, source, confidence, wokeMs, sinceMs, sequence };
  }

  /** This machine's first, then those that are under way elsewhere, the newest first. */
  get all(): readonly RelayActivation[] {
    const others = this.#others.map(({ activation }) => activation).filter(isListening);
    return [this.#local.activation, ...others.sort((a, b) => b.wokeMs - a.wokeMs)];
  }

  /** @param hearing whether this machine's microphone would notice a word; time limits are looked at too */
  look(hearing: Extract<ActivationEvent, { readonly type: "looked" }>, nowMs: number): void {
    this.#step(this.#local, hearing, nowMs);
    for (const slot of this.#others) if (isListening(slot.activation)) this.#step(slot, FREE, nowMs);
  }

  /** A wake word. @param word.source the relay; empty for this machine's microphone */
  wake(word: Extract<ActivationEvent, { readonly type: "detected" | "contended" }>, nowMs: number): void {
    const slot = this.#slotFor(word.source);
    const relay = word.source === LOCAL ? this.#local.activation.relay : word.source;
    const next = stepActivation(slot.activation, word, nowMs);
    if (next !== slot.activation) this.#put(slot, { ...next, relay });
  }

  /** Whose word is not settled. Nobody else is waited for any more. @param sources empty for this machine's microphone */
  settle(sources: ReadonlySet<string>, nowMs: number): void {
    for (const slot of this.#slots()) {
      const { state, source } = slot.activation;
      if (state === "arbitrating" && !sources.has(source)) this.#step(slot, { type: "not_granted" }, nowMs);
    }
  }

  /** What a command is doing; nothing where none has that fence, or no more. */
  command(event: CommandEvent, nowMs: number): void {
    for (const slot of this.#slots()) if (slot.activation.fence === event.fence) this.#step(slot, event, nowMs);
  }

  /**
   * Ends what died with a web worker: rounds that were not settled, and commands. What is awake stays so for as long as it
   * would have.
   */
  abandon(nowMs: number): void {
    for (const slot of this.#slots()) {
      const { state, fence } = slot.activation;
      if (state === "arbitrating") this.#step(slot, { type: "not_granted" }, nowMs);
      else if (state !== "awake") this.#step(slot, { type: "ended", fence }, nowMs);
    }
  }

  /** Ends them all. */
  reset(nowMs: number): void {
    for (const slot of this.#slots()) this.#step(slot, { type: "reset" }, nowMs);
  }

  /** That of the relay; else one that is free, and if none is, the one that has gone on for longest. */
  #slotFor(source: string): Slot {
    if (source === LOCAL) return this.#local;
    const own = this.#others.find(({ activation }) => activation.relay === source);
    if (own !== undefined) return own;
    const oldestFirst = [...this.#others].sort((a, b) => a.activation.wokeMs - b.activation.wokeMs);
    return oldestFirst.find(({ activation }) => !isListening(activation)) ?? oldestFirst[0] ?? this.#local;
  }

  #slots(): readonly Slot[] {
    return [this.#local, ...this.#others];
  }

  #step(slot: Slot, event: ActivationEvent, nowMs: number): void {
    const next = stepActivation(slot.activation, event, nowMs);
    if (next !== slot.activation) this.#put(slot, { ...next, relay: slot.activation.relay });
  }

  #put(slot: Slot, activation: RelayActivation): void {
    slot.activation = activation;
    Object.assign(slot.record.value, activation);
    slot.record.publish();
  }
}

function slotOf(memory: SharedMemory, index: number): Slot {
  const record = memory.activation(index).writer();
  const { value } = record;
  return { record, activation: value.sequence === 0 ? { ...INITIAL_ACTIVATION, relay: "" } : { ...value } };
}

function newestOf(slots: readonly Slot[]): Slot | undefined {
  let newest: Slot | undefined;
  for (const slot of slots)
    if (newest === undefined || slot.activation.wokeMs > newest.activation.wokeMs) newest = slot;
  return newest;
}
