/** What is wrong with this machine's own files, in the words of health. */

interface Words {
  /** Before the message of whoever noticed it. */
  readonly before: string;
  readonly hint?: string;
}

const WORDS = {
  gains_file: { before: "" },
  token_file: {
    before: "the tokens of relays are refused: ",
    hint: "it is read again by itself; until then only tokens that were known before let a relay in",
  },
  relay_papers: { before: "", hint: "the hub takes this relay without it while both are on one machine" },
  models_folder: { before: "" },
  bad_config_file: { before: "", hint: "the last good configuration goes on" },
  state_file: { before: "the state cannot be written: " },
  certificate: { before: "", hint: "earshot tls init --force makes a new one; then start earshot again" },
} as const satisfies Record<string, Words>;

/** @param message why; undefined where nothing is wrong. @returns one trouble, or none */
export function ownTrouble(code: keyof typeof WORDS, message: string | undefined) {
  if (message === undefined) return [];
  const { before, hint }: Words = WORDS[code];
  return [{ code, message: `${before}${message}`, ...(hint !== undefined && { hint }) }];
}
