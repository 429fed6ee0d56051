// CLOCK_MONOTONIC, the one clock that all threads (and processes) of this machine share.
// Bun's performance.now, process.hrtime and Bun.nanoseconds start at zero in each thread.
import { dlopen, type Library } from "bun:ffi";

const CLOCK_MONOTONIC = 1;

const SYMBOLS = {
  clock_gettime: { args: ["i32", "ptr"], returns: "i32" },
} as const;

let libc: Library<typeof SYMBOLS> | undefined;

/** struct timespec on LP64: seconds as i64 at word 0, nanoseconds as i64 at word 2. Read by words: a BigInt would allocate. */
let timespec: Int32Array | undefined;

/**
 * Milliseconds of CLOCK_MONOTONIC, with the nanoseconds behind the point. Comparable between threads and processes of
 * one boot; says nothing about the time of day. Any thread may call it; each opens libc once and allocates nothing after that.
 */
export function monotonicMs(): number {
  libc ??= dlopen("libc.so.6", SYMBOLS);
  timespec ??= new Int32Array(4);
  libc.symbols.clock_gettime(CLOCK_MONOTONIC, timespec);
  const seconds = (timespec[1] ?? 0) * 2 ** 32 + ((timespec[0] ?? 0) >>> 0);
  return seconds * 1000 + (timespec[2] ?? 0) / 1e6;
}
