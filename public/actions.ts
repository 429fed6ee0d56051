/** What the page can ask of Earshot. Each answers with null, or with a notice that tells the user why it was refused. */

import type { CalibrationView } from "../src/web/schemas/calibration.ts";

export interface Notice {
  readonly title: string;
  readonly hint: string | null;
}

export interface Actions {
  setMuted(muted: boolean): Promise<Notice | null>;
  reset(): Promise<Notice | null>;
  /** A relay was moved: its gain is learned anew. */
  forgetGain(relayId: string): Promise<Notice | null>;
  /** What a relay measures is believed again. */
  trust(relayId: string): Promise<Notice | null>;
  /** All microphones listen for a loud sound. @param oneRoom somebody says that those who will hear it are in one room */
  calibrate(oneRoom: boolean): Promise<Notice | null>;
  /** What came of it so far; null where Earshot does not answer. */
  calibration(): Promise<CalibrationView | null>;
  setModel(
    name: string,
    change: { readonly threshold: number } | { readonly enabled: boolean },
  ): Promise<Notice | null>;
}

const ANSWER_WITHIN_MS = 5_000;

export function createActions(request: (path: string, request: RequestInit) => Promise<Response>): Actions {
  async function post(path: string, body: object): Promise<Notice | null> {
    try {
      const answer = await request(path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
      if (answer.ok) return null;
      return readNotice(answer.status, await answer.json().catch(() => null));
    } catch {
      return { title: "Earshot did not answer, nothing was changed.", hint: "Try again when the page is connected." };
    }
  }
  return {
    setMuted: (muted) => post("/api/mute", { muted }),
    reset: () => post("/api/reset", {}),
    forgetGain: (relayId) => post(`/api/relays/${encodeURIComponent(relayId)}/forget-gain`, {}),
    trust: (relayId) => post(`/api/relays/${encodeURIComponent(relayId)}/trust`, {}),
    calibrate: (oneRoom) => post("/api/calibrate", { oneRoom }),
    calibration: async () => {
      try {
        const answer = await request("/api/calibrate", { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
        return answer.ok ? ((await answer.json()) as CalibrationView) : null;
      } catch {
        return null;
      }
    },
    setModel: (name, change) => post(`/api/config/models/${encodeURIComponent(name)}`, change),
  };
}

/** Reads `{"error":{code,message,hint}}`; where an answer has another form, says as much as its status does. */
export function readNotice(status: number, body: unknown): Notice {
  const error = field(body, "error");
  const message = field(error, "message");
  const hint = field(error, "hint");
  return {
    title: typeof message === "string" && message !== "" ? message : `Earshot refused this (HTTP ${status}).`,
    hint: typeof hint === "string" && hint !== "" ? hint : null,
  };
}

function field(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}
