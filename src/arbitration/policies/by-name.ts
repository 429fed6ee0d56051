import type { Policy, PolicyName } from "../policy.ts";
import { auto } from "./auto.ts";
import { byBand } from "./band.ts";
import { byEnvelope } from "./envelope.ts";
import { byFirst } from "./first.ts";
import { byRms } from "./rms.ts";
import { bySnr } from "./snr.ts";

/** Every policy that a configuration may name. */
export const POLICIES: Readonly<Record<PolicyName, Policy>> = {
  rms: byRms,
  band: byBand,
  snr: bySnr,
  envelope: byEnvelope,
  first: byFirst,
  auto,
};
