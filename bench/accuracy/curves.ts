/** The figures of each model: at the default settings, at the plain pipeline's, and over thresholds. */
import { defaultSettings } from "../../src/wake/detector.ts";
import type { LoadedModel } from "../../src/wake/load.ts";
import type { TriggerSettings } from "../../src/wake/trigger.ts";
import type { Corpus } from "./corpora.ts";
import { columnOf, countFalseAccepts, countMisses, type FalseAccepts, type Misses, type Track } from "./counting.ts";
import { conditionName, type StreamPlan } from "./render.ts";
import type { ScoredStream } from "./scorer.ts";

/** What openWakeWord does unless told otherwise: fires in the first frame at 0.5. */
export const PLAIN: TriggerSettings = {
  threshold: 0.5,
  patience: 1,
  refractoryMs: 2000,
  sure: undefined,
  vadThreshold: 0,
};

export const THRESHOLDS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99];

/** The streams of one corpus in one condition, as one model scored them. */
export interface ModelTracks {
  readonly corpus: Corpus;
  readonly condition: string;
  readonly tracks: readonly Track[];
}

export interface Measured {
  readonly model: LoadedModel;
  /** With its word, by corpus and condition. */
  readonly positives: readonly ModelTracks[];
  /** Without it, as recorded. */
  readonly negatives: readonly ModelTracks[];
  /** With what is nearly its word. */
  readonly near: readonly ModelTracks[];
}

export function measure(
  models: readonly LoadedModel[],
  corpora: readonly Corpus[],
  plans: readonly StreamPlan[],
  streams: readonly ScoredStream[],
): readonly Measured[] {
  return models.map((model, column) => {
    const grouped = new Map<string, { corpus: Corpus; condition: string; tracks: Track[] }>();
    plans.forEach(({ corpus: name, condition }, index) => {
      const corpus = corpora.find((one) => one.name === name);
      const stream = streams[index];
      if (!corpus || !stream) return;
      const key = `${name}/${conditionName(condition)}`;
      const group = grouped.get(key) ?? { corpus, condition: conditionName(condition), tracks: [] };
      grouped.set(key, group);
      const { clips, scores, voices } = stream;
      group.tracks.push({ clips, scores: columnOf(scores, models.length, column), voices });
    });
    const all = [...grouped.values()];
    const others = all.filter(({ corpus, condition }) => corpus.says !== model.name && condition === "as recorded");
    return {
      model,
      positives: all.filter(({ corpus }) => corpus.says === model.name),
      negatives: others.filter(({ corpus }) => corpus.nearlySays !== model.name),
      near: others.filter(({ corpus }) => corpus.nearlySays === model.name),
    };
  });
}

/** Words said by people, where there are any; a synthetic voice speaks for a model only where there are none. */
export function wordsOf({ positives }: Measured): readonly ModelTracks[] {
  const people = positives.filter(({ corpus }) => !corpus.synthetic);
  return people.length > 0 ? people : positives;
}

/** The settings a model has by default but for its threshold. */
export function withThreshold(model: LoadedModel, threshold: number): TriggerSettings {
  return defaultSettings({ ...model, threshold });
}

/** All settings that are tried on a model and may ask for a voice. */
export function triedSettings(model: LoadedModel): readonly TriggerSettings[] {
  return [defaultSettings(model), ...THRESHOLDS.map((threshold) => withThreshold(model, threshold))];
}

export function missesIn(groups: readonly ModelTracks[], settings: TriggerSettings): Misses {
  return countMisses(
    groups.flatMap(({ tracks }) => tracks),
    settings,
  );
}

export function falseAcceptsIn(groups: readonly ModelTracks[], settings: TriggerSettings): FalseAccepts {
  return countFalseAccepts(
    groups.flatMap(({ tracks }) => tracks),
    settings,
  );
}

/** A point of a curve: what share of the words is missed, and how often something else wakes it. */
export interface Point {
  readonly threshold: number;
  readonly missedShare: number;
  readonly perHour: number;
}

export function pointAt(measured: Measured, condition: (name: string) => boolean, settings: TriggerSettings): Point {
  const { clips, missed } = missesIn(
    wordsOf(measured).filter((group) => condition(group.condition)),
    settings,
  );
  const { count, hours } = falseAcceptsIn(measured.negatives, settings);
  return {
    threshold: settings.threshold,
    missedShare: clips > 0 ? missed / clips : 0,
    perHour: hours > 0 ? count / hours : 0,
  };
}
