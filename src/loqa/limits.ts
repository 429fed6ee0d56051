/** The numbers of the Loqa adapter. Durations are ms. */

export const SAMPLE_RATE_HZ = 16_000;
/** Of samples that come: a multiple of 25 Hz needs a filter of no more than 640 phases. */
export const LEAST_RATE_HZ = 8000;
export const MOST_RATE_HZ = 96_000;
export const RATE_STEP_HZ = 25;

/** A relay that records first sends when it has heard nothing for so long. */
export const SILENCE_BEFORE_SENDING_MS = 2000;
/** By how much that, and where its voice ended, may be off. */
export const SILENCE_TOLERANCE_MS = 500;
/** What came so much faster than it can be said was recorded before. */
export const FASTER_THAN_SAID_MS = 250;
/** When nothing follows a wake word for so long, nothing that belongs to it was recorded before. */
export const FOLLOW_MS = 500;
/** But in one piece of this length it was recorded itself, and what belongs to it is on its way: 1 MB takes 8 s at 1 Mbit/s. */
export const RECORDED_WAKE_MS = 1500;
export const RECORDED_FOLLOW_MS = 10_000;
/** A word that is marked again so soon belongs to the command that it began: nobody takes it for another utterance. */
export const SAME_BREATH_MS = 1000;
/** Of what was recorded first: the part that may hold the wake word, and the longest that the word itself is. */
export const WAKE_MS = 2000;
export const WORD_MS = 1200;
/** Marked for so long, it is no wake word any more. */
export const MOST_WAKE_MS = 3000;
export const MOST_WAKE_CHUNKS = 300;
/** Sound before the word that belongs to a command. */
export const PRE_ROLL_MS = 500;
/** Sound without a wake word that is remembered, for relays that mark it when it is over. */
export const LEAD_MS = 3500;
/** No command is longer, with its wake word. */
export const LONGEST_COMMAND_MS = 24_000;
/** A relay that has sent all it will is told how its command ends, but not after this. */
export const LAST_WORDS_MS = 75_000;

/** `audio.broadcast` of NATS is heard by all relays: nobody may be called so. */
export const EVERYBODY = "broadcast";

/** Of one message: what the gRPC of Loqa's own hub takes too, 95 s at 22,050 Hz. */
export const MESSAGE_BYTES = 4 * 1024 * 1024;
/** Messages a second, over time and at once. Live sound comes in 12.5 a second. */
export const MESSAGES_PER_S = 100;
export const MESSAGES_AT_ONCE = 1000;
/**
 * Seconds of sound in a second, over time and at once: a network that held it back brings it at once, and a relay that waits
 * for silence beside a television sends the longest message there may be, 131 s at 16 kHz, with its wake word before it.
 */
export const SOUND_RATE = 3;
export const SOUND_AT_ONCE_S = 140;
/** Messages that make no sense, over time and at once; then the RPC is ended. */
export const FAULTS_PER_S = 0.5;
export const FAULTS_AT_ONCE = 20;
/** Bytes that wait for a relay that does not read: first the sound of answers stays out, then everything. */
export const NO_MORE_SOUND_BYTES = 64 * 1024;
export const NO_MORE_BYTES = 512 * 1024;

/** Connections besides one for each relay: those that come again before the old one is known to be dead. */
export const SPARE_CONNECTIONS = 8;
/** RPCs on one connection. */
export const CALLS_PER_CONNECTION = 4;
/** RPCs that a connection may begin, over time and at once: a relay needs one. */
export const CALLS_PER_S = 2;
export const CALLS_AT_ONCE = 50;
/** HTTP/2 pings to whoever is connected, and how long an answer may take. */
export const PING_MS = 20_000;
export const PONG_MS = 10_000;
/** A connection without an RPC is closed after this. */
export const IDLE_CONNECTION_MS = 300_000;
/** When a port that was taken, or a NATS server that was away, is tried again. */
export const RETRY_MS = 5000;
