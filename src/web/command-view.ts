/** What the page and the API show of a command. Pure. */
import type { RecentCommand } from "../command/recent-commands.ts";
import type { CommandView } from "./schemas/commands.ts";

export function commandView(recent: RecentCommand): CommandView {
  const { command, sink, state, outcome, why, transcript, answer } = recent;
  return {
    id: command.id,
    at: recent.grantedAtUnixMs,
    relay: command.relayId,
    room: command.room ?? null,
    model: command.model,
    state,
    outcome: outcome ?? null,
    why: why === "" ? null : why,
    sink,
    recordedMs: wholeMs(recent.recordedMs),
    understoodMs: wholeMs(recent.understoodMs),
    answeredMs: wholeMs(recent.answeredMs),
    spokenMs: wholeMs(recent.spokenMs),
    transcript: transcript ?? null,
    answer: answer ?? null,
  };
}

function wholeMs(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms);
}
