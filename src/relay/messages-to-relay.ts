/**
 * What the hub says: zod schemas of every JSON message to a relay. Times are the relay's own clock, ms: the hub knows how
 * far the two are apart, and a relay need not.
 */
import { z } from "zod";
import { count, durationMs, label, timeMs, unit } from "./message-fields.ts";
import { capabilitiesSchema } from "./messages-to-hub.ts";

const text = z.string().max(4000);

const welcome = z.object({
  type: z.literal("welcome"),
  /** The newest version that both speak. */
  version: z.int(),
  /** What the hub is called. */
  hub: label,
  /** What the relay is called here. */
  id: label,
  /** Of this connection: stands in every frame of sound. */
  connection: count,
  room: label.nullable(),
  zone: label,
  /** What of the relay's capabilities the hub uses. */
  capabilities: capabilitiesSchema,
});

/** Before the welcome, and after it: why the connection ends, and when to come again at the earliest. */
const farewell = { code: label, message: text, hint: text, retryAfterMs: durationMs };
const refused = z.object({ type: z.literal("refused"), ...farewell });
const bye = z.object({ type: z.literal("bye"), ...farewell });
/** Something that was said made no sense; the connection goes on. */
const error = z.object({ type: z.literal("error"), code: label, message: text, hint: text });

const ping = z.object({ type: z.literal("ping"), ping: count });

/** Somebody claims a word: did you hear it too? */
const ask = z.object({
  type: z.literal("ask"),
  ask: count,
  /** An answer that takes longer is of no use. */
  withinMs: durationMs,
  /** When the word ended that was claimed, if the hub knows the relay's clock. */
  wordEndedAtMs: timeMs.nullable(),
  /** Which word it was. */
  model: label.optional(),
});

/** Listen for a loud sound, and tell with `calibrated` what was heard of it: gains are set by it. */
const calibrate = z.object({ type: z.literal("calibrate"), calibration: count, listenMs: durationMs });

/** Another relay that won. */
const winner = z.object({ id: label, room: label.nullable() }).nullable();

export const LOSSES = ["lost", "too_late", "silent", "reset"] as const;
export const REJECTIONS = ["too_quiet", "stale"] as const;

/** Go on: what comes next counts. */
const granted = z.object({
  type: z.literal("granted"),
  /** The relay's claims that it is about; none when the hub listened. */
  claims: z.array(count).max(64),
  round: count,
  fence: count,
});
/** Stop, and forget what was buffered. */
const cancelled = z.object({
  type: z.literal("cancelled"),
  claims: z.array(count).max(64),
  round: count,
  why: z.enum(LOSSES),
  winner,
});
/** The claim was none. */
const rejected = z.object({ type: z.literal("rejected"), claim: count, why: z.enum(REJECTIONS) });

/** The hub has heard enough of the command: no more sound, the answer follows. */
const enough = z.object({ type: z.literal("enough"), fence: count });
/** What was granted is over. */
const over = z.object({ type: z.literal("over"), round: count, fence: count, why: label });

/** The whole house, whenever something in it changes. */
const state = z.object({
  type: z.literal("state"),
  activation: z.object({
    state: label,
    /** Empty before the first. */
    model: z.string().max(63),
    confidence: unit,
    /** The relay that answers, or whose word it was. */
    relay: label.nullable(),
    forMs: durationMs,
  }),
  /** Rounds that are not over. */
  rounds: z
    .array(
      z.object({
        round: count,
        zone: label,
        phase: z.enum(["open", "granted", "serving"]),
        contenders: z.array(label).max(256),
        winner: label.nullable(),
        forMs: durationMs,
      }),
    )
    .max(64),
  relays: z
    .array(
      z.object({
        id: label,
        room: label.nullable(),
        zone: label,
        /** 0 connected, 1 contending, 2 winner, 3 cancelled. */
        status: z.int().min(0).max(3),
        /** Its loudspeaker says an answer: whoever is near must not be woken by it. Not, where it is left out. */
        responding: z.boolean().optional(),
      }),
    )
    .max(4096),
});

export const REPLY_KINDS = ["answer", "confirmation", "no_speech", "error"] as const;

/** What to say. */
const reply = z.object({
  type: z.literal("reply"),
  reply: count,
  fence: count,
  /** An answer where it is left out. */
  kind: z.enum(REPLY_KINDS).optional(),
  text,
  /** Hz of the sound that follows in frames with this reply's number; null when there is none. */
  sampleRateHz: z.int().min(8000).max(48_000).nullable(),
});
const replyEnd = z.object({ type: z.literal("reply_end"), reply: count });

export const TO_RELAY = {
  welcome,
  refused,
  bye,
  error,
  ping,
  ask,
  calibrate,
  granted,
  cancelled,
  rejected,
  enough,
  over,
  state,
  reply,
  reply_end: replyEnd,
};

type Schemas = typeof TO_RELAY;
export type ToRelay = { [Type in keyof Schemas]: Readonly<z.output<Schemas[Type]>> }[keyof Schemas];
export type MessageToRelay<Type extends ToRelay["type"]> = Extract<ToRelay, { readonly type: Type }>;
/** Why a connection ends, as the hub says it. */
export type Farewell = Omit<MessageToRelay<"bye">, "type">;
export type HouseState = Omit<MessageToRelay<"state">, "type">;
