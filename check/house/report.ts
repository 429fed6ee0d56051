/** What the house check says of what it found. */
import { aligned, quantile, rounded } from "../../bench/table.ts";
import type { HouseReport } from "./check-house.ts";
import type { RoundHistory } from "./judge.ts";
import { STEPS } from "./orders.ts";

export function houseText({ tally, restarts, tookMs, grown }: HouseReport): string {
  const { rounds, claims, grants, runnersUp, tooLate, pauses, heard, waitsMs, withheldMs } = tally;
  const wait = (q: number) => (waitsMs.length === 0 ? "-" : rounded(quantile(waitsMs, q)));
  const lines = [
    `${rounds} rounds in ${(tookMs / 60_000).toFixed(1)} minutes: ${claims} claims, ${grants} grants, ${heard} rounds heard`,
    `  ${runnersUp} rounds went to a runner-up, ${tooLate} claims were too late, ${pauses} relays stood still for up to 2 s`,
    `  from a claim to its answer, where nothing happened to the relay: median ${wait(0.5)} ms, p99 ${wait(0.99)}, at most ${wait(1)}`,
    `  the machine kept processes waiting for up to ${Math.round(withheldMs)} ms in a round, which they do not answer for`,
    `  started again: the hub ${restarts.hub} times, relays ${restarts.relays} times`,
    "",
    aligned([
      ["killed", ...STEPS.map((step) => step.replace("_", " "))],
      ...(["relay", "hub"] as const).map((victim) => [
        victim,
        ...STEPS.map((step) => String(tally.kills(victim, step))),
      ]),
    ]),
    "",
  ];
  if (grown === undefined) lines.push("too few rounds to see whether the hub grows");
  else {
    const { before, after } = grown;
    lines.push(
      `the hub over its last ${grown.rounds} rounds: ${rounded(before.rssMb)} MB, then ${rounded(after.rssMb)} MB; ` +
        `${before.descriptors} file descriptors, then ${after.descriptors}`,
    );
  }
  return `${lines.join("\n")}\n`;
}

/** @param what is wrong with it */
export function historyText(
  { number, plan, seen, hub, hubDied, withheldMs }: RoundHistory,
  what: readonly string[],
): string {
  const events = [...seen].flatMap(([id, own]) => own.map((one) => ({ id, one })));
  const [first] = events.sort((a, b) => a.one.atMs - b.one.atMs);
  const beganMs = first?.one.atMs ?? 0;
  return [
    `round ${number} in zone ${plan.zone}${hubDied ? ", in which the hub died" : ""}:`,
    ...what.map((line) => `  ${line}`),
    "plan:",
    ...plan.parts.map((part) => `  ${JSON.stringify(part)}`),
    `  fault: ${JSON.stringify(plan.fault ?? null)} by ${plan.striker ?? "whoever is first"}`,
    `  the machine withheld ${Math.round(withheldMs)} ms`,
    "what the relays saw, ms:",
    ...events.map(({ id, one }) => {
      const { atMs, round: _, ...rest } = one;
      return `  ${(atMs - beganMs).toFixed(1).padStart(8)} ${id} ${JSON.stringify(rest)}`;
    }),
    "what the hub says:",
    ...hub.map((round) => `  ${JSON.stringify(round)}`),
    "",
  ].join("\n");
}
