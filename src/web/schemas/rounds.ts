/** How it is decided who answers: rounds that are under way, and those that are over. */
import { z } from "@hono/zod-openapi";
import { unixMs } from "./unix-time.ts";

const termSchema = z.object({ name: z.string(), value: z.number().nullable(), because: z.string() });

const evidenceSchema = z.object({
  rms: z.number().describe("of the whole word, linear 0..1"),
  bandDb: z.number().describe("level of 1.5 to 6.5 kHz, dB of full scale"),
  floorDb: z.number().describe("of the same band before the word"),
  evenDb: z.number().nullable().describe("mean level of 20 bands; null from a relay that does not measure it"),
  attackDb: z.number().nullable().describe("share of sudden sound; null from a relay that does not measure it"),
  snrDb: z.number(),
  envelopeVariance: z.number(),
  confidence: z.number(),
  durationMs: z.number(),
});

export const roundSchema = z
  .object({
    round: z.number().int(),
    zone: z.string(),
    phase: z.enum(["open", "granted", "serving", "over"]),
    openedAt: unixMs,
    claims: z.array(
      z.object({
        relayId: z.string(),
        model: z.string(),
        confidence: z.number(),
        evidence: evidenceSchema.nullable(),
        endedAfterMs: z.number().describe("when the word ended, after the first claim came: mostly below 0"),
        arrivedAfterMs: z.number(),
        repeats: z.number().int(),
        late: z.boolean(),
        seconded: z.boolean().describe("it was not sure by itself, and claimed because another relay was"),
        standing: z.string(),
      }),
    ),
    waitedFor: z.array(
      z.object({
        relayId: z.string(),
        because: z.string(),
        asked: z.boolean(),
        outcome: z.string(),
        waitedMs: z.number().nullable(),
      }),
    ),
    outOfEarshot: z.array(z.string()),
    verdict: z
      .object({
        because: z.string(),
        afterMs: z.number(),
        ranking: z.array(z.object({ relayId: z.string(), score: z.number().nullable(), terms: z.array(termSchema) })),
      })
      .nullable(),
    grants: z.array(z.object({ relayId: z.string(), fence: z.number(), because: z.string(), afterMs: z.number() })),
    firstAudioAfterMs: z.number().nullable(),
    ended: z.object({ why: z.string(), afterMs: z.number() }).nullable(),
  })
  .describe("times are ms after the first claim came")
  .openapi("Round");

/** Of the newest round; the numbers that relays are told stand in `relays`. */
export const arbitrationStateSchema = z
  .object({
    underWay: z.number().int().describe("rounds that are not over"),
    round: z.number().int().describe("the newest; 0 before the first"),
    zone: z.string(),
    phase: z.enum(["none", "open", "granted", "serving", "over"]),
    status: z.enum(["connected", "contending", "winner", "cancelled"]).describe("of this machine's own microphone"),
    contenders: z.number().int().describe("who claimed the word"),
    waiting: z.number().int().describe("who is waited for"),
    winner: z.string().nullable(),
    fence: z.number().nullable().describe("of the newest grant"),
    openedAt: unixMs.nullable(),
    closesAt: unixMs.nullable().describe("when it ends at the latest; of one that is over, when it did"),
  })
  .openapi("ArbitrationState");

const liveRoundSchema = z
  .object({
    round: z.number().int(),
    zone: z.string(),
    phase: z.enum(["open", "granted", "serving"]),
    openedAt: unixMs,
    until: unixMs.describe("when its phase ends at the latest"),
    contenders: z.array(z.string()),
    waitingFor: z.array(
      z.object({
        relayId: z.string(),
        because: z.string(),
        outcome: z.string(),
        until: unixMs.describe("at the latest"),
      }),
    ),
    winner: z.string().nullable(),
    fence: z.number().nullable(),
  })
  .openapi("LiveRound");

export const arbitrationSchema = z
  .object({
    windowMs: z.number().describe("the longest that a round waits"),
    maxRelays: z.number().int(),
    policy: z.string(),
    now: z.array(liveRoundSchema).describe("rounds that are not over: who is waited for, and until when"),
    rounds: z.array(roundSchema).describe("newest first"),
  })
  .openapi("Arbitration");

export type RoundView = z.infer<typeof roundSchema>;
export type ArbitrationStateView = z.infer<typeof arbitrationStateSchema>;
export type LiveRoundView = z.infer<typeof liveRoundSchema>;
export type ArbitrationView = z.infer<typeof arbitrationSchema>;
