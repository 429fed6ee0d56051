import { z } from "zod";

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const PATTERN = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h)$/;

/** A duration as people write it, `300ms`, `2s`, `1.5m`, or a plain number of milliseconds. Becomes milliseconds. */
export const duration = z.union([z.number(), z.string()]).transform((value, context): number => {
  if (typeof value === "number") return value;
  const match = PATTERN.exec(value.trim());
  const amount = match ? Number(match[1]) * UNITS[match[2] as keyof typeof UNITS] : Number(value.trim() || Number.NaN);
  if (Number.isFinite(amount)) return amount;
  context.addIssue({ code: "custom", message: `"${value}" is not a duration: write 300ms, 2s or 1.5m`, input: value });
  return z.NEVER;
});

/** A duration within bounds, both in milliseconds. */
export const durationBetween = (leastMs: number, mostMs: number) =>
  duration.refine((ms) => ms >= leastMs && ms <= mostMs, {
    error: `a duration from ${leastMs} ms to ${mostMs} ms`,
  });
