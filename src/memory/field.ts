/**
 * What a field of a record can be: a kind, its size in 32-bit words and what it means. Records are declared with these,
 * and the types of readers and writers follow from the declaration.
 */

export interface Field<T> {
  readonly kind: "f64" | "i32" | "bool" | "choice" | "text" | "f64s";
  /** Size in 32-bit words. */
  readonly words: number;
  /** Unit and meaning, in the reader's words. */
  readonly meaning: string;
  /** The value before anybody wrote; a function, because arrays must not be shared. */
  readonly initial: () => T;
  /** Names of a choice, by number. */
  readonly names?: readonly string[];
  /** Carries the TypeScript type of the value; never present at run time. */
  readonly type?: T;
}

export type Fields = Readonly<Record<string, Field<unknown>>>;

/** The plain object that a record with these fields holds. */
export type ValueOf<F extends Fields> = { -readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

export const f64 = (meaning: string): Field<number> => ({ kind: "f64", words: 2, meaning, initial: () => 0 });

export const i32 = (meaning: string): Field<number> => ({ kind: "i32", words: 1, meaning, initial: () => 0 });

export const bool = (meaning: string): Field<boolean> => ({ kind: "bool", words: 1, meaning, initial: () => false });

/** One of a few names, stored as its number; the first is the initial value. */
export function choice<const N extends readonly [string, ...string[]]>(names: N, meaning: string): Field<N[number]> {
  return { kind: "choice", words: 1, meaning, names, initial: () => names[0] };
}

/** UTF-8, cut on a character's border at `bytes` (rounded up to whole words): one word of length, then the bytes. */
export const text = (bytes: number, meaning: string): Field<string> => ({
  kind: "text",
  words: 1 + Math.ceil(bytes / 4),
  meaning,
  initial: () => "",
});

/** A fixed number of doubles. */
export const f64s = (length: number, meaning: string): Field<Float64Array> => ({
  kind: "f64s",
  words: 2 * length,
  meaning,
  initial: () => new Float64Array(length),
});
