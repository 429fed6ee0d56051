// Relays of each kind that hear the same air, each by its own way to the hub, as programs that are not ours would be.
import { join } from "node:path";
import type { Page } from "playwright-core";
import { measureWord } from "../../src/arbitration/measure.ts";
import { type AudioFrame, readAudioFrame } from "../../src/relay/audio-frame.ts";
import type { Listener, Said } from "../support/air.ts";
import { PIECE } from "../support/air.ts";
import { joined } from "../support/clips.ts";
import { PlainRelay } from "../support/plain-relay.ts";

/** Half a second, as whole pieces. */
const PRE_ROLL_PIECES = 6;
/** What is looked at for the noise before a word. */
const REMEMBERED_PIECES = 45;
const LOQA_RELAY = join(import.meta.dir, "../loqa/live-relay.mjs");

/** Plays every answer at once. */
function answersAtOnce(relay: () => PlainRelay) {
  return (message: { readonly type: string; readonly fence?: number }) => {
    if (message.type === "reply" && message.fence !== undefined)
      relay().say({ type: "finished", fence: message.fence });
  };
}

/** Keeps all that it heard. */
export abstract class Member implements Listener {
  gain = 1;
  readonly #heard: Int16Array[] = [];

  constructor(readonly id: string) {}

  hear(piece: Int16Array<ArrayBuffer>, said: Said, atMs: number): void {
    this.#heard.push(piece);
    this.sends(piece, said, atMs);
  }

  /** The newest of it. */
  heard(seconds: number): Int16Array {
    return joined(...this.#heard.slice(-Math.ceil((seconds * 16_000) / PIECE)));
  }

  protected abstract sends(piece: Int16Array<ArrayBuffer>, said: Said, atMs: number): void;
}

/** Speaks our protocol, and hears the word itself: whatever is said as one. */
export class Detecting extends Member {
  readonly relay: PlainRelay;
  readonly #tape: { readonly piece: Int16Array<ArrayBuffer>; readonly atMs: number }[] = [];
  #before: Said = "nothing";
  #claim: number | undefined;
  #wordPieces = 0;

  constructor(url: string, id: string) {
    super(id);
    const told = answersAtOnce(() => this.relay);
    this.relay = new PlainRelay(url, id, {
      speaks: false,
      // Whatever it is asked about, it hears.
      answers: "pending",
      told: (message) => {
        if (["cancelled", "enough", "over"].includes(message.type)) this.#claim = undefined;
        told(message);
      },
    });
  }

  protected sends(piece: Int16Array<ArrayBuffer>, said: Said, atMs: number): void {
    this.#tape.push({ piece, atMs });
    if (this.#tape.length > REMEMBERED_PIECES) this.#tape.shift();
    this.relay.beat(said !== "nothing");
    if (said === "word") this.#wordPieces++;
    else if (this.#before === "word") this.#hearsWord();
    else if (this.#claim !== undefined) this.#sound(this.#claim, piece, atMs);
    this.#before = said;
  }

  #hearsWord(): void {
    const pcm = joined(...this.#tape.map(({ piece }) => piece));
    const fired = pcm.length - PIECE;
    const { evidence, word } = measureWord(pcm, fired, 0.9);
    const first = this.#tape[0]?.atMs ?? 0;
    this.#claim = this.relay.claim(evidence, this.relay.nowMs() - (first + word.to / 16));
    for (const { piece, atMs } of this.#tape.slice(-(PRE_ROLL_PIECES + this.#wordPieces + 1))) {
      this.#sound(this.#claim, piece, atMs);
    }
    this.#wordPieces = 0;
  }

  #sound(claim: number, piece: Int16Array<ArrayBuffer>, atMs: number): void {
    const granted = this.relay.messages.find((told) => told.type === "granted" && told.claims.includes(claim));
    this.relay.sound(claim, granted?.type === "granted" ? granted.fence : undefined, piece, atMs);
  }
}

/** Speaks our protocol, sends all that it hears, and leaves it to the hub to listen. */
export class Streaming extends Member {
  readonly relay: PlainRelay;

  constructor(url: string, id: string) {
    super(id);
    const capabilities = { detects: false, evidence: false, onset: false, asks: false };
    this.relay = new PlainRelay(url, id, { capabilities, told: answersAtOnce(() => this.relay), speaks: false });
  }

  protected sends(piece: Int16Array<ArrayBuffer>): void {
    this.relay.stream(piece);
  }
}

/** Writes bytes somewhere: the hub's own microphone, or the body of a request. */
export class Writing extends Member {
  readonly #writer;
  readonly readable: ReadableStream<Uint8Array>;

  constructor(id: string) {
    super(id);
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    this.readable = readable;
    this.#writer = writable.getWriter();
  }

  protected sends(piece: Int16Array<ArrayBuffer>): void {
    void this.#writer.write(new Uint8Array(piece.slice().buffer)).catch(() => {});
  }

  async end(): Promise<void> {
    await this.#writer.close().catch(() => {});
  }
}

export interface LoqaTold {
  readonly request_id: string;
  readonly transcription: string;
  readonly command: string;
  readonly response_text: string;
  readonly success: boolean;
}

/** Loqa's protocol, by another runtime's gRPC: marks the word, sends on for a second behind the command, and is quiet then. */
export class Loqa extends Member {
  readonly told: LoqaTold[] = [];
  readonly #child;
  #quietPieces = 0;
  #speaking = false;

  constructor(address: string, id: string) {
    super(id);
    this.#child = Bun.spawn(["node", LOQA_RELAY, address, id], { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
    void this.#follow();
  }

  stop(): void {
    this.#child.kill("SIGKILL");
  }

  protected sends(piece: Int16Array<ArrayBuffer>, said: Said): void {
    const wake = said === "word";
    this.#speaking ||= wake;
    this.#quietPieces = said === "nothing" ? this.#quietPieces + 1 : 0;
    const end = this.#speaking && this.#quietPieces === 12;
    if (end) this.#speaking = false;
    const audio = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength).toString("base64");
    this.#child.stdin.write(`${JSON.stringify({ audio, wake, end })}\n`);
    this.#child.stdin.flush();
  }

  async #follow(): Promise<void> {
    let text = "";
    for await (const chunk of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (text + chunk).split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) this.told.push(JSON.parse(line) as LoqaTold);
    }
  }
}

/** How late a phone's microphone gives what it heard. */
const PHONE_LATE_MS = 150;

/** A browser's page: all of it but the microphone is Chromium's. */
export class Phone extends Member {
  readonly told: { readonly type: string; readonly [field: string]: unknown }[] = [];
  /** The newest sound that the page has sent. */
  #sent: AudioFrame | undefined;
  #originUnixMs = 0;
  #endUnixMs = 0;
  #page: Page | undefined;

  /** To be run in the page before any of its own: a microphone that heard what `hear` is given, when it is told that it did. */
  static readonly microphone = (): void => {
    // TypeScript's DOM does not know it, for Chromium alone has it.
    const Generator = Reflect.get(globalThis, "MediaStreamTrackGenerator") as new (options: {
      readonly kind: "audio";
    }) => MediaStreamTrack & { readonly writable: WritableStream<AudioData> };
    const track = new Generator({ kind: "audio" });
    const writer = track.writable.getWriter();
    navigator.mediaDevices.getUserMedia = async () => new MediaStream([track]);
    Object.assign(globalThis, {
      hear: (text: string, atUnixMs: number) => {
        const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
        const data = Float32Array.from(new Int16Array(bytes.buffer), (sample) => sample / 32_767);
        const timestamp = (atUnixMs - performance.timeOrigin) * 1000;
        const shape = { format: "f32-planar", sampleRate: 16_000, numberOfChannels: 1 } as const;
        void writer.write(new AudioData({ ...shape, numberOfFrames: data.length, timestamp, data }));
      },
    });
  };

  async lend(page: Page): Promise<void> {
    page.on("websocket", (socket) => {
      socket.on("framereceived", ({ payload }) => {
        if (typeof payload === "string" && payload.startsWith('{"type":')) this.told.push(JSON.parse(payload));
      });
      socket.on("framesent", ({ payload }) => {
        if (typeof payload !== "string") this.#sent = readAudioFrame(new Uint8Array(payload));
      });
    });
    await page.getByLabel("Name of this microphone").fill(this.id);
    await page.getByRole("button", { name: "Lend this microphone" }).click();
    await page.getByTestId("lent-status").filter({ hasText: "Listening for the wake word" }).waitFor();
    this.#originUnixMs = await page.evaluate(() => performance.timeOrigin);
    this.#page = page;
  }

  /** By how much the page dates the newest sound that it has sent later than it was heard, ms. */
  datedLateMs(): number {
    const heard = this.heard(5);
    const bytesIn = ({ buffer, byteOffset, byteLength }: Int16Array) => Buffer.from(buffer, byteOffset, byteLength);
    const at = this.#sent === undefined ? -1 : bytesIn(heard).indexOf(bytesIn(this.#sent.pcm)) / 2;
    if (this.#sent === undefined || !Number.isInteger(at)) throw new Error("what the page has sent was not heard");
    const heardAtUnixMs = this.#endUnixMs - (heard.length - at) / 16;
    return this.#originUnixMs + this.#sent.atMs - heardAtUnixMs;
  }

  protected sends(piece: Int16Array<ArrayBuffer>, _: Said, atMs: number): void {
    const text = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength).toString("base64");
    const atUnixMs = performance.timeOrigin + atMs;
    this.#endUnixMs = atUnixMs + piece.length / 16;
    const hear = `hear("${text}", ${atUnixMs})`;
    setTimeout(() => void this.#page?.evaluate(hear).catch(() => {}), PHONE_LATE_MS);
  }
}
