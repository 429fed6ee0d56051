// A relay of the house check: a process with the project's own client over a real WebSocket. What it hears is made up, and
// its detector fires when it is told to. `bun check/house/relay-process.ts URL ID`: orders come as messages from the
// parent process; what becomes of it is printed, a line of JSON each, written before anything else happens.
import { writeFileSync, writeSync } from "node:fs";
import { monotonicMs } from "../../ffi/clock.ts";
import { readAudioFrame } from "../../src/relay/audio-frame.ts";
import { dialWebSocket } from "../../src/relay/dial.ts";
import { SAMPLE_RATE_HZ } from "../../src/relay/limits.ts";
import { RelayClient } from "../../src/relay/relay-client.ts";
import type { RelayEvent } from "../../src/relay/relay-events.ts";
import type { Order, Step, Told, WordOrder } from "./orders.ts";

const HOP_MS = 80;
const PER_MS = SAMPLE_RATE_HZ / 1000;
const MODEL = "alexa";
/** Another word, whose score keeps a relay from passing. */
const OTHER = "computer";
const QUIET = 0.001;
/** Of uniform noise, its peak is so much above its RMS. */
const PEAK = Math.sqrt(3);
/** A client looks at the clock this often. */
const TICK_MS = 50;

type Line = Told extends infer Each ? (Each extends Told ? Omit<Each, "atMs" | "round"> : never) : never;

class ScriptedRelay {
  readonly #client: RelayClient;
  #heardUntilMs = monotonicMs();
  #word: WordOrder | undefined;
  /** When its detector fires next, and after that. */
  #firesAtMs: number[] = [];
  #hubPids: readonly number[] = [];
  readonly #sent = new Set<number>();

  constructor(url: string, id: string) {
    const capabilities = { detects: true, evidence: true, onset: true, asks: true, plays: false };
    const dial = dialWebSocket(`${url.replace("http", "ws")}/relay`, undefined);
    this.#client = new RelayClient({
      identity: { id, capabilities, models: [MODEL], software: "house check" },
      dial: (events) => {
        const socket = dial(events);
        return {
          send: (data) => {
            socket.send(data);
            if (typeof data !== "string") this.#sentSound(data);
            else if (this.#word?.doubled === true && data.startsWith('{"type":"claim"')) socket.send(data);
          },
          close: () => socket.close(),
          get bufferedBytes() {
            return socket.bufferedBytes;
          },
        };
      },
      monotonicMs,
      random: Math.random,
      whileAway: "silent",
      tell: (event) => this.#told(event),
    });
  }

  start(): void {
    this.#client.start();
    setInterval(() => this.#keepUp(), TICK_MS);
  }

  follow(order: Order): void {
    if (order.type === "hub") {
      this.#hubPids = order.pids;
      return;
    }
    this.#word = order;
    this.#firesAtMs = [...order.claimsAtMs].sort((a, b) => a - b);
    for (const atMs of order.claimsAtMs) setTimeout(() => this.#keepUp(), Math.max(0, atMs - monotonicMs()));
  }

  /** Hears everything up to now, hop by hop: what its process slept over too. */
  #keepUp(): void {
    const nowMs = monotonicMs();
    for (;;) {
      const [firesAtMs = Number.POSITIVE_INFINITY] = this.#firesAtMs;
      if (firesAtMs <= Math.min(nowMs, this.#heardUntilMs + HOP_MS)) {
        this.#strike("before_claim");
        this.#firesAtMs.shift();
        this.#hear(Math.max(firesAtMs, this.#heardUntilMs), [{ model: MODEL, confidence: 0.9 }]);
      } else if (nowMs - this.#heardUntilMs >= HOP_MS) this.#hear(this.#heardUntilMs + HOP_MS, []);
      else break;
    }
    this.#client.tick();
  }

  /** The sound up to then, at least a millisecond. */
  #hear(endMs: number, detections: readonly { readonly model: string; readonly confidence: number }[]): void {
    const samples = Math.max(PER_MS, Math.round((endMs - this.#heardUntilMs) * PER_MS));
    const pcm = new Int16Array(samples);
    const beginMs = endMs - samples / PER_MS;
    let loudest = QUIET;
    for (let i = 0; i < samples; i++) {
      const level = this.#levelAt(beginMs + i / PER_MS);
      loudest = Math.max(loudest, level);
      pcm[i] = level * PEAK * 32_767 * (2 * Math.random() - 1);
    }
    this.#heardUntilMs = endMs;
    const rises = this.#firesAtMs.length > 0 && this.#word?.rises === true && endMs >= this.#word.endMs - 300;
    const nearly = this.#word?.seconds === true && Math.abs(endMs - this.#word.endMs) < 200;
    const scores = [
      { model: MODEL, score: nearly ? 0.1 : 0, threshold: 0.5 },
      { model: OTHER, score: rises ? 0.4 : 0.01, threshold: 0.5 },
    ];
    this.#client.hear({ pcm, endMs, rms: loudest, noiseFloor: QUIET, scores, detections });
  }

  #levelAt(atMs: number): number {
    const word = this.#word;
    return word !== undefined && atMs <= word.endMs && atMs > word.endMs - word.wordMs ? word.level : QUIET;
  }

  #sentSound(data: Uint8Array<ArrayBuffer>): void {
    const { fence } = readAudioFrame(data);
    if (fence === undefined || this.#sent.has(fence)) return;
    this.#sent.add(fence);
    this.#print({ type: "sent", fence });
    this.#strike("sound");
  }

  #told(event: RelayEvent): void {
    if (event.type === "state" || event.type === "speech") return;
    const { type } = event;
    const print = () => this.#print(event.type === "connected" ? { type: "connected" } : event);
    // Whoever reads of it may believe that the round is over: by then the hub is dead, if it is to die.
    const hubDies = this.#word?.fault?.victim === "hub";
    if (!hubDies) print();
    if (type === "claimed" || type === "granted" || type === "lost" || type === "over") this.#strike(type);
    if (hubDies) print();
    if (type === "granted") setTimeout(() => this.#client.endSound(), this.#word?.soundMs ?? 0);
  }

  #strike(at: Step): void {
    const fault = this.#word?.fault;
    if (fault?.at !== at) return;
    try {
      writeFileSync(fault.lock, "", { flag: "wx" });
    } catch {
      // Somebody else was first.
      return;
    }
    this.#print({ type: "strikes", at, victim: fault.victim });
    for (const pid of fault.victim === "hub" ? this.#hubPids : [process.pid]) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended already.
      }
    }
  }

  #print(line: Line): void {
    writeSync(1, `${JSON.stringify({ ...line, atMs: monotonicMs(), round: this.#word?.round ?? 0 })}\n`);
  }
}

const [url = "", id = ""] = process.argv.slice(2);
const relay = new ScriptedRelay(url, id);
process.on("message", (order: Order) => relay.follow(order));
process.on("disconnect", () => process.exit(0));
relay.start();
