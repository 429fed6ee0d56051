/** What a model says of itself: threshold, phrase, licence, source and input scale, from the metadata of its file. */
import { INPUT_SCALES, type InputScale } from "./features.ts";

/** Whatever is not said is left out. */
export interface ModelCard {
  /** The threshold to use where the configuration names none, 0.01..1. */
  readonly threshold?: number;
  /** What to say. */
  readonly phrase?: string;
  readonly licence?: string;
  readonly source?: string;
  readonly inputScale?: InputScale;
}

/** What a person takes for a number; `Number` would take "0x1" for one too. */
const DECIMAL = /^\d*\.?\d+(e[+-]?\d+)?$/i;
/** The configuration takes no lower threshold either. */
const LEAST_THRESHOLD = 0.01;

/**
 * Reads the keys `threshold`, `phrase`, `licence` (or `license`), `source` and `input_scale`; others are not looked at, and
 * an empty value says nothing.
 *
 * @returns the card, or a sentence that names the value that cannot be right and says what is allowed
 */
export function readModelCard(metadata: ReadonlyMap<string, string>): ModelCard | string {
  const said = (key: string): string | undefined => metadata.get(key)?.trim() || undefined;
  const [threshold, phrase, source, scale] = [said("threshold"), said("phrase"), said("source"), said("input_scale")];
  const licence = said("licence") ?? said("license");

  const level = threshold === undefined ? LEAST_THRESHOLD : DECIMAL.test(threshold) ? Number(threshold) : Number.NaN;
  if (!(level >= LEAST_THRESHOLD && level <= 1)) {
    return `its metadata says threshold "${threshold}"; it must be a number of ${LEAST_THRESHOLD} to 1`;
  }
  const inputScale = INPUT_SCALES.find((one) => one === scale);
  if (scale !== undefined && inputScale === undefined) {
    return `its metadata says input_scale "${scale}"; it must be ${INPUT_SCALES.join(" or ")}`;
  }
  return {
    ...(threshold !== undefined && { threshold: level }),
    ...(phrase !== undefined && { phrase }),
    ...(licence !== undefined && { licence }),
    ...(source !== undefined && { source }),
    ...(inputScale !== undefined && { inputScale }),
  };
}
