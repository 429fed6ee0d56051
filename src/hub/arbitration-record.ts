/** The newest round, in the shared memory: for whoever wants to know who answers without asking the web worker, its one writer. */
import type { Arbiter } from "../arbitration/arbiter.ts";
import { deadlineMs, isAwaited } from "../arbitration/round.ts";
import type { ARBITRATION } from "../memory/layout.ts";
import type { RecordWriter } from "../memory/record.ts";
import type { SharedMemory } from "../memory/shared-memory.ts";

/** By their numbers. */
const STATUS = ["connected", "contending", "winner", "cancelled"] as const;

export class ArbitrationRecord {
  readonly #record: RecordWriter<typeof ARBITRATION.fields>;
  readonly #arbiter: Pick<Arbiter, "rounds" | "newest" | "relays">;

  constructor(memory: SharedMemory, arbiter: Pick<Arbiter, "rounds" | "newest" | "relays">) {
    this.#record = memory.arbitration.writer();
    this.#arbiter = arbiter;
    // The rounds of a predecessor are gone with it.
    if (this.#record.value.underWay > 0) this.#record.value.phase = "over";
    this.publish(undefined);
  }

  /** @param localId the relay whose status is this machine's own; undefined while there is none */
  publish(localId: string | undefined): void {
    const { rounds, newest, relays } = this.#arbiter;
    const status = STATUS[relays.get(localId ?? "")?.status ?? 0] ?? "connected";
    Object.assign(this.#record.value, { underWay: rounds.length, status });
    if (newest !== undefined) {
      const { id: round, zone, phase, openedAtMs: openedMs, entrants, waits } = newest;
      const grant = newest.phase === "open" ? undefined : newest.grants.at(-1);
      Object.assign(this.#record.value, {
        ...{ round, zone, phase, openedMs },
        contenders: entrants.size,
        waiting: newest.phase === "open" ? [...waits.values()].filter(isAwaited).length : 0,
        winner: grant?.relayId ?? "",
        fence: grant?.fence ?? 0,
        closesMs: newest.phase === "over" ? newest.overAtMs : deadlineMs(newest),
      });
    }
    this.#record.publish();
  }
}
