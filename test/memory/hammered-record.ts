import { bool, choice, f64s, i32, type ValueOf } from "../../src/memory/field.ts";
import { record } from "../../src/memory/record.ts";

/** A record in which every field follows from `count`, so that a mixture of two writes shows. */
function hammered(doubles: number) {
  return record("hammered", "the test's writer", {
    count: i32(""),
    odd: bool(""),
    third: choice(["none", "one", "two"], "count modulo 3"),
    values: f64s(doubles, "count + index / 4"),
    last: i32("count again"),
  });
}

/** The size of the records that the program writes most often. */
export const HAMMERED = hammered(16);
/** So long that a writer killed at any moment is most probably in the middle of it. */
export const LONG = hammered(4000);

export type HammeredShape = ReturnType<typeof hammered>;
export type HammeredValue = ValueOf<HammeredShape["fields"]>;

/** Words in front of the record, by which the threads of a test tell each other: stop, */
export const STOP = 0;
/** how many have begun, */
export const READY = 1;
/** how often a reader gave up. */
export const TORN = 2;

const THIRDS = ["none", "one", "two"] as const;

export function fill(value: HammeredValue, count: number): void {
  value.count = count;
  value.odd = (count & 1) === 1;
  value.third = THIRDS[count % 3] ?? "none";
  for (let i = 0; i < value.values.length; i++) value.values[i] = count + i / 4;
  value.last = count;
}

/** Whether all of it comes from one write; what a record holds before the first one counts as whole. */
export function isWhole(value: Readonly<HammeredValue>): boolean {
  const { count, odd, third, values, last } = value;
  if (count === 0) return !odd && third === "none" && last === 0 && values.every((double) => double === 0);
  if (odd !== ((count & 1) === 1) || third !== THIRDS[count % 3] || last !== count) return false;
  for (let i = 0; i < values.length; i++) if (values[i] !== count + i / 4) return false;
  return true;
}
