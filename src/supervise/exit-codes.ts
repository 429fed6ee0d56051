/** What `earshot` says when it ends. */
export const EXIT = {
  ok: 0,
  /** Something is not well, or could not be done. */
  failure: 1,
  /** The command line or the configuration is wrong: starting again would change nothing. */
  usage: 2,
  /** A worker hung in native code, which no thread can end from outside: the process must be started again. */
  hung: 70,
} as const;
