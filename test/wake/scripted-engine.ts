/** An engine whose scores are written down beforehand. */
import type { Engine, WakeHop, WakeStream } from "../../src/wake/engine.ts";
import { HOP_SAMPLES } from "../../src/wake/features.ts";
import type { LoadedModel } from "../../src/wake/load.ts";

export interface ScriptedEngine extends Engine {
  /** How many streams each run had. */
  readonly runs: readonly number[];
  /** How many further runs a stream needs for its hop with this number. */
  wakesAt: ReadonlyMap<number, number>;
}

/**
 * @param scoreOf of model `index` in the hop with this number of any stream, from 0
 * @param classOf the class that score is of
 */
export function scriptedEngine(
  names: readonly string[],
  scoreOf: (hop: number, index: number) => number,
  classes: readonly string[] = ["word"],
  classOf: (hop: number) => number = () => 0,
): ScriptedEngine {
  const models = names.map(
    (name): LoadedModel => ({ name, path: name, sha256: "", window: 16, classes, threshold: 0.5, inputScale: "int16" }),
  );
  const states = new WeakMap<WakeStream, { hops: number; behind: number }>();
  const runs: number[] = [];
  const engine: ScriptedEngine = {
    models,
    runs,
    wakesAt: new Map(),
    form: { embedding: "plain", mel: "graph", merged: [], reasons: [] },
    newStream() {
      const state = { hops: 0, behind: 0 };
      const stream: WakeStream = {
        get behind() {
          return state.behind;
        },
        asleep: false,
        hop: (pcm, scores) => engine.hopAll([{ stream, pcm, scores }]),
        classOf: () => classOf(state.hops - 1),
        reset: () => Object.assign(state, { hops: 0, behind: 0 }),
        settle: () => Promise.resolve(),
      };
      states.set(stream, state);
      return stream;
    },
    async hopAll(hops: readonly WakeHop[]) {
      runs.push(hops.length);
      for (const { stream, pcm, scores } of hops) {
        const state = states.get(stream);
        if (!state || (pcm === undefined) !== state.behind > 0) throw new Error("not the hop this stream wants");
        if (pcm && pcm.length !== HOP_SAMPLES) throw new RangeError("not a hop");
        state.behind = pcm ? (engine.wakesAt.get(state.hops++) ?? 0) : state.behind - 1;
        if (state.behind > 0) continue;
        names.forEach((_, index) => {
          scores[index] = scoreOf(state.hops - 1, index);
        });
      }
    },
    setModels: () => Promise.reject(new Error("the script has these models")),
    close: () => Promise.resolve(),
  };
  return engine;
}
