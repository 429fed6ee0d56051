/** The numbers of the relay protocol, as docs/protocol.md gives them. Both ends go by them. */

export const PROTOCOL_VERSION = 1;
/** The WebSocket subprotocol; a browser puts its token beside it. */
export const SUBPROTOCOL = "earshot.relay.v1";
export const SAMPLE_RATE_HZ = 16_000;

/** From the opened WebSocket to the relay's hello. */
export const HELLO_MS = 3000;
/** Connections whose hello has not come, of all and of one address: a house's relays all come again at once after a restart. */
export const STRANGERS = 256;
export const STRANGERS_PER_ADDRESS = 64;
/** A relay that hears nothing says so this often, and so does one that hears something. */
export const BEAT_MS = 250;
/** The hub's pings. */
export const PING_MS = 1000;
/** So many follow at once on the answer to the one before: the clock is known before the first word. */
export const FIRST_PINGS = 5;
/** Silent for so long, the other end is gone. Above what an idle Wi-Fi is known to hold back (2.6 s) and a ping's interval. */
export const DEAD_MS = 4500;
/** How often both ends must look at the clock for {@link DEAD_MS} to mean less than 5 s. */
export const TICK_MS = 250;
/** The other end is given this long to close a WebSocket after it was told why. */
export const CLOSE_MS = 1000;

/** Of one JSON message, in UTF-16 code units. */
export const MESSAGE_CHARACTERS = 16_384;
/** Samples in one binary frame: a second. */
export const FRAME_SAMPLES = SAMPLE_RATE_HZ;
/** JSON messages a second, over time and at once. */
export const MESSAGES_PER_S = 60;
export const MESSAGES_AT_ONCE = 200;
/** Seconds of sound that may come in a second, over time and at once: a pre-roll comes all at once, live sound does not. */
export const SOUND_RATE = 2;
export const SOUND_AT_ONCE_S = 12;
/** Messages that make no sense, at once and over time; then the sender is sent away. */
export const FAULTS_AT_ONCE = 20;
export const FAULTS_PER_S = 1;
/** Bytes that may wait for a relay that reads slowly. Newer state takes the place of older; past the second it is sent away. */
export const SLOW_BYTES = 64 * 1024;
export const TOO_SLOW_BYTES = 512 * 1024;

/** What of a relay's claims is remembered. */
export const KNOWN_CLAIMS = 32;
/** No command is longer: a relay that was granted stops by itself. */
export const LONGEST_COMMAND_MS = 20_000;
/** A relay that claims hears a verdict within this, or gives up. The hub's longest wait for a winner that stalls is 3 s. */
export const VERDICT_MS = 5000;

/** Close codes of the WebSocket (RFC 6455, section 7.4.2: 4000-4999 are the application's). The reason says more. */
export const CLOSE = { hubEnds: 1001, refused: 4000, farewell: 4001, silent: 4002 } as const;

/** When a relay that was refused or sent away may come again, ms. */
export const RETRY_MS = { soon: 1000, later: 30_000, muchLater: 600_000 } as const;
