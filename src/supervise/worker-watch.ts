/**
 * The life of one worker as its supervisor sees it: a state machine without a clock, a thread or a timer. Each event
 * gives the next state and what must be done about it.
 */
import { backOffMs } from "./back-off.ts";

export interface WatchLimits {
  /** From its start until it does its work: compiling the models takes seconds on a small machine, and blocks it. */
  readonly startMs: number;
  /** Without a beat for this long it is late, and shown so. */
  readonly lateMs: number;
  /** Without a beat for this long it is ended. */
  readonly deadMs: number;
  /** A worker that was told to end and has not after this long hangs in native code. */
  readonly hungMs: number;
  readonly firstBackOffMs: number;
  readonly mostBackOffMs: number;
  /** Alive for this long, it is forgiven its earlier deaths. */
  readonly forgiveMs: number;
}

export const WATCH_LIMITS: WatchLimits = {
  startMs: 60_000,
  lateMs: 1_500,
  deadMs: 5_000,
  hungMs: 2_000,
  firstBackOffMs: 250,
  mostBackOffMs: 30_000,
  forgiveMs: 60_000,
};

export type Watch =
  | { readonly state: "starting"; readonly sinceMs: number; readonly deaths: number }
  | { readonly state: "alive"; readonly sinceMs: number; readonly beatMs: number; readonly deaths: number }
  | { readonly state: "late"; readonly sinceMs: number; readonly beatMs: number; readonly deaths: number }
  /** Told to end, not yet gone. */
  | { readonly state: "ending"; readonly sinceMs: number; readonly deaths: number }
  | { readonly state: "waiting"; readonly untilMs: number; readonly deaths: number };

export type WatchEvent =
  /** Comes a few times a second, with the newest beat in shared memory (0: none since the start). */
  | { readonly type: "tick"; readonly nowMs: number; readonly beatMs: number }
  | { readonly type: "closed"; readonly nowMs: number }
  /** The whole program stood still until now: nobody could beat. */
  | { readonly type: "resumed"; readonly nowMs: number };

export type WatchEffect = "start" | "terminate" | "hung";

export interface WatchStep {
  readonly watch: Watch;
  readonly effect?: WatchEffect;
}

export function startedWatch(nowMs: number, deaths = 0): Watch {
  return { state: "starting", sinceMs: nowMs, deaths };
}

export function stepWatch(watch: Watch, event: WatchEvent, limits: WatchLimits = WATCH_LIMITS): WatchStep {
  if (event.type === "closed") return buried(watch, event.nowMs, limits);
  if (event.type === "resumed") return { watch: givenTimeAnew(watch, event.nowMs) };
  const { nowMs, beatMs } = event;
  switch (watch.state) {
    case "starting":
      if (beatMs > watch.sinceMs) return { watch: { ...watch, state: "alive", sinceMs: nowMs, beatMs } };
      if (nowMs - watch.sinceMs < limits.startMs) return { watch };
      return { watch: { state: "ending", sinceMs: nowMs, deaths: watch.deaths }, effect: "terminate" };
    case "alive":
    case "late": {
      const heardMs = Math.max(beatMs, watch.beatMs);
      const silentMs = nowMs - heardMs;
      if (silentMs >= limits.deadMs) {
        return { watch: { state: "ending", sinceMs: nowMs, deaths: watch.deaths }, effect: "terminate" };
      }
      if (silentMs >= limits.lateMs) return { watch: { ...watch, state: "late", beatMs: heardMs } };
      const deaths = nowMs - watch.sinceMs >= limits.forgiveMs ? 0 : watch.deaths;
      return { watch: { state: "alive", sinceMs: watch.sinceMs, beatMs: heardMs, deaths } };
    }
    case "ending":
      return nowMs - watch.sinceMs >= limits.hungMs ? { watch, effect: "hung" } : { watch };
    case "waiting":
      if (nowMs < watch.untilMs) return { watch };
      return { watch: startedWatch(nowMs, watch.deaths), effect: "start" };
  }
}

function buried(watch: Watch, nowMs: number, limits: WatchLimits): WatchStep {
  if (watch.state === "waiting") return { watch };
  const deaths = watch.deaths + 1;
  const untilMs = nowMs + backOffMs(deaths, limits.firstBackOffMs, limits.mostBackOffMs);
  return { watch: { state: "waiting", untilMs, deaths } };
}

function givenTimeAnew(watch: Watch, nowMs: number): Watch {
  switch (watch.state) {
    case "starting":
    case "ending":
      return { ...watch, sinceMs: nowMs };
    case "alive":
    case "late":
      return { ...watch, beatMs: nowMs };
    case "waiting":
      return watch;
  }
}

/** The word that the shared memory has for a watch's state. */
export function shownState(watch: Watch): "starting" | "alive" | "late" | "dead" {
  switch (watch.state) {
    case "starting":
    case "alive":
    case "late":
      return watch.state;
    case "ending":
    case "waiting":
      return "dead";
  }
}
