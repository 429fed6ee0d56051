// How a running Earshot answers for its health while something is broken.
import type { HealthView } from "../../src/web/schemas/health.ts";
import { alexaClips } from "./alexa-clips.ts";
import { HeldUp } from "./held-up.ts";
import type { RunningEarshot } from "./running-earshot.ts";
import type { VirtualMicrophone } from "./virtual-microphone.ts";

export interface HealthAnswer {
  readonly httpStatus: number;
  readonly health: HealthView;
}

type Reachable = Pick<RunningEarshot, "url" | "pid" | "log">;
type Following = Pick<RunningEarshot, "until">;

export async function askHealth({ url }: Pick<Reachable, "url">): Promise<HealthAnswer> {
  const response = await fetch(`${url}/api/health`, { signal: AbortSignal.timeout(2000) });
  return { httpStatus: response.status, health: (await response.json()) as HealthView };
}

/** All reasons in one text. */
export function reasons({ health }: HealthAnswer): string {
  return health.reasons.map(({ code, message }) => `${code}: ${message}`).join("; ");
}

/**
 * Asks again and again. What a busy machine withheld does not count.
 * @returns the answer that satisfied and how long that took, ms
 * @throws Error with the newest answer and the log
 */
export async function untilHealth(
  earshot: Reachable,
  what: string,
  satisfies: (answer: HealthAnswer) => boolean,
  limitMs: number,
): Promise<HealthAnswer & { readonly tookMs: number }> {
  using time = new HeldUp(earshot.pid);
  let newest: HealthAnswer | undefined;
  while (!time.isOver(limitMs)) {
    newest = await askHealth(earshot).catch(() => newest);
    if (newest !== undefined && satisfies(newest)) return { ...newest, tookMs: time.tookMs };
    await Bun.sleep(20);
  }
  throw new Error(`not within ${limitMs} ms: ${what}\n${newest && reasons(newest)}\n${earshot.log()}`);
}

/** Waits until it is armed and done with the word before, says "alexa", and waits until that was heard. */
export async function hears(earshot: Following, microphone: VirtualMicrophone): Promise<void> {
  const before = await earshot.until("armed", ({ activation }) => activation.armed && activation.state === "armed");
  const newest = before.detections[0]?.id ?? -1;
  const [clip = ""] = alexaClips(1);
  await Promise.all([
    microphone.play(clip),
    earshot.until("alexa is heard", ({ detections }) => (detections[0]?.id ?? -1) > newest, 8000),
  ]);
}

/** How a service answered while it was asked every 20 ms. */
export interface Availability {
  asked: number;
  answered: number;
  /** Each `status` of health that followed another. */
  readonly turns: string[];
  /** Without what a busy machine withheld. */
  longestGapMs: number;
}

/** Asks until `stop` is called. @returns what came of it */
export function observe(earshot: Reachable): { stop(): Promise<Availability> } {
  const seen: Availability = { asked: 0, answered: 0, turns: [], longestGapMs: 0 };
  let over = false;
  const sinceAnswer = new HeldUp(earshot.pid);
  const loop = (async () => {
    while (!over) {
      seen.asked++;
      const answer = await askHealth(earshot).catch(() => undefined);
      if (answer !== undefined) {
        seen.answered++;
        seen.longestGapMs = Math.max(seen.longestGapMs, sinceAnswer.tookMs);
        sinceAnswer.restart();
        const { status } = answer.health;
        if (status !== seen.turns.at(-1)) seen.turns.push(status);
      }
      await Bun.sleep(20);
    }
  })();
  return {
    async stop() {
      over = true;
      await loop;
      sinceAnswer[Symbol.dispose]();
      return seen;
    },
  };
}
