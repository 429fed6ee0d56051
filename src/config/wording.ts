/** What zod finds wrong, in Earshot's own words: they stand behind a setting's name, as in `web.port: at most 65535`. */
import type { z } from "zod";

/** How zod's own messages begin; any other was written beside the schema and is said as it is. */
const ZODS_OWN = /^(Invalid|Too big|Too small|Unrecognized)\b/;

export type Kinds = Readonly<Record<string, string>>;

const KINDS: Kinds = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "a group of settings",
  record: "a group of names with settings",
  array: "a list",
  null: "nothing",
  undefined: "nothing",
  NaN: "not a number",
  Infinity: "infinity",
  "-Infinity": "minus infinity",
};

const UNITS: Readonly<Record<string, string>> = {
  string: "character",
  array: "item",
  set: "item",
  map: "entry",
  record: "entry",
  object: "entry",
};

/**
 * One problem as zod reports it after parsing, in words without the setting's name.
 *
 * @param kinds what zod's kinds are called; as people who write YAML call them when unsaid
 */
export function wordsFor(issue: z.core.$ZodIssue, kinds: Kinds = KINDS): string {
  if (!ZODS_OWN.test(issue.message)) return issue.message;
  switch (issue.code) {
    case "invalid_type":
      return `${kindIn(kinds, issue.expected)} is expected, ${receivedInstead(issue, kinds)}`;
    case "too_big":
      return bound("at most", issue.maximum, issue.origin, issue.exact === true, issue.inclusive !== false);
    case "too_small":
      return bound("at least", issue.minimum, issue.origin, issue.exact === true, issue.inclusive !== false);
    case "invalid_value":
      return issue.values.length === 1 ? `only ${String(issue.values[0])}` : `one of ${issue.values.join(", ")}`;
    case "invalid_union":
      return wordsForUnion(issue, kinds);
    case "not_multiple_of":
      return `a multiple of ${issue.divisor}`;
    case "unrecognized_keys":
      return `no such ${issue.keys.length === 1 ? "setting" : "settings"}: ${issue.keys.map((key) => `"${key}"`).join(", ")}`;
    case "invalid_key":
    case "invalid_element":
      return distinct(issue.issues, kinds).join("; ");
    case "invalid_format":
      return `not in the form that is expected${issue.pattern === undefined ? "" : `: ${issue.pattern}`}`;
    default:
      return "not a value that is possible here";
  }
}

/** Alternatives that are of the right kind say more than those that are not. */
function wordsForUnion(issue: z.core.$ZodIssueInvalidUnion, called: Kinds): string {
  const { errors } = issue;
  if ("options" in issue && Array.isArray(issue.options)) return `one of ${issue.options.map(String).join(", ")}`;
  const issues = errors.flat();
  const nearly = issues.filter(({ code, message }) => code !== "invalid_type" || message.includes("expected int"));
  if (nearly.length > 0) return distinct(nearly, called).join("; ");
  const kinds = issues.flatMap((issue) => (issue.code === "invalid_type" ? [kindIn(called, issue.expected)] : []));
  const [first] = issues;
  return first?.code === "invalid_type"
    ? `${[...new Set(kinds)].join(" or ")} is expected, ${receivedInstead(first, called)}`
    : "not a value that is possible here";
}

function distinct(issues: readonly z.core.$ZodIssue[], kinds: Kinds): readonly string[] {
  return [...new Set(issues.map((issue) => wordsFor(issue, kinds)))];
}

/** zod keeps what it received only in its message. */
function receivedInstead({ expected, message }: z.core.$ZodIssueInvalidType, kinds: Kinds): string {
  const received = /received (\S+)$/.exec(message)?.[1] ?? "something else";
  if (expected === "int" && received === "number") return "not a fraction";
  if (received === "null" || received === "undefined") return "and there is none";
  return received === "NaN" ? "and this is none" : `not ${kindIn(kinds, received)}`;
}

function kindIn(kinds: Kinds, name: string): string {
  return kinds[name] ?? KINDS[name] ?? name;
}

function bound(
  word: "at most" | "at least",
  limit: number | bigint,
  origin: string,
  exact: boolean,
  inclusive: boolean,
): string {
  const unit = UNITS[origin];
  const amount = unit === undefined ? String(limit) : `${limit} ${plural(unit, limit)}`;
  if (exact) return `exactly ${amount}`;
  if (inclusive) return `${word} ${amount}`;
  return `${word === "at most" ? "less" : "more"} than ${amount}`;
}

function plural(unit: string, count: number | bigint): string {
  if (Number(count) === 1) return unit;
  return unit === "entry" ? "entries" : `${unit}s`;
}
