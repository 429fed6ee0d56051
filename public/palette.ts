/** Colours of the models, the same in the list, the plot and the detections. They are defined in the style sheet. */

const SERIES = 6;

/** A CSS colour for the model at an index; a neutral one for a model that is not there any more (index -1). */
export function seriesColour(index: number): string {
  return index < 0 ? "var(--muted)" : `var(--series-${(index % SERIES) + 1})`;
}

/** What a CSS colour comes to on this page now: a canvas knows no variables. */
export function resolveColour(element: Element, colour: string): string {
  const name = /^var\((.+)\)$/.exec(colour)?.[1];
  return name === undefined ? colour : getComputedStyle(element).getPropertyValue(name).trim();
}
