/**
 * Long computations in small steps. Whoever advances one decides how many steps to make before something else has its turn; this
 * room knows no clock. Pure.
 */

/** A step takes some ten microseconds: whoever looks at the clock after each is never late by much. */
export type Steps<T> = Generator<void, T, void>;

/** So many multiplications are a step, where a loop counts them. */
export const STEP_OPERATIONS = 20_000;

/** All steps, one after the other. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
