// A relay that speaks Loqa's protocol over a real gRPC connection, by grpc-js in this process.
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { type ClientDuplexStream, credentials, makeGenericClientConstructor, type StatusObject } from "@grpc/grpc-js";

export interface Chunk {
  readonly relayId: string;
  readonly audio: Uint8Array;
  readonly rateHz?: number;
  readonly wake?: boolean;
  readonly end?: boolean;
  /** Unix time, ns. @default none */
  readonly sentNs?: bigint;
}

export interface Response {
  readonly requestId: string;
  readonly transcription: string;
  readonly command: string;
  readonly responseText: string;
  readonly success: boolean;
  readonly error: string;
  readonly audio: Uint8Array;
  readonly audioFormat: string;
  readonly audioDuration: number;
}

export const METHOD = {
  path: "/loqa.audio.AudioService/StreamAudio",
  requestStream: true,
  responseStream: true,
  requestSerialize: (bytes: Buffer) => bytes,
  requestDeserialize: (bytes: Buffer) => bytes,
  responseSerialize: (bytes: Buffer) => bytes,
  responseDeserialize: (bytes: Buffer) => bytes,
} as const;

export function chunkBytes({ relayId, audio, rateHz = 16_000, wake = false, end = false, sentNs = 0n }: Chunk): Buffer {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.LengthDelimited).string(relayId);
  if (audio.length > 0) writer.tag(2, WireType.LengthDelimited).bytes(audio);
  writer.tag(3, WireType.Varint).int32(rateHz);
  if (wake) writer.tag(4, WireType.Varint).bool(true);
  if (end) writer.tag(5, WireType.Varint).bool(true);
  writer.tag(6, WireType.Varint).int64(sentNs);
  return Buffer.from(writer.finish());
}

export function responseOf(bytes: Uint8Array): Response {
  const reader = new BinaryReader(bytes);
  const texts = new Map<number, string>();
  let [success, audio, audioDuration] = [false, new Uint8Array(0) as Uint8Array, 0];
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === 5) success = reader.bool();
    else if (field === 7) audio = reader.bytes();
    else if (field === 9) audioDuration = reader.float();
    else if (type === WireType.LengthDelimited) texts.set(field, reader.string());
    else throw new Error(`field ${field} of wire type ${type}`);
  }
  const text = (field: number): string => texts.get(field) ?? "";
  return {
    ...{ requestId: text(1), transcription: text(2), command: text(3), responseText: text(4), error: text(6) },
    ...{ success, audio, audioFormat: text(8), audioDuration },
  };
}

export function bytesOf(pcm: Int16Array): Uint8Array {
  return new Uint8Array(pcm.slice().buffer);
}

export class LoqaRelay {
  readonly id: string;
  readonly heard: Response[] = [];
  status: StatusObject | undefined;
  readonly call: ClientDuplexStream<Buffer, Buffer>;
  readonly #client;

  constructor(port: number, id: string, channel = credentials.createInsecure(), host = "127.0.0.1") {
    this.id = id;
    const Client = makeGenericClientConstructor({ StreamAudio: METHOD }, "AudioService");
    // A pool of one for each relay: each is a connection of its own.
    this.#client = new Client(`${host}:${port}`, channel, { "grpc.use_local_subchannel_pool": 1 });
    const open = (this.#client as unknown as { StreamAudio(): ClientDuplexStream<Buffer, Buffer> }).StreamAudio;
    this.call = open.call(this.#client);
    this.call.on("data", (bytes: Buffer) => this.heard.push(responseOf(bytes)));
    this.call.on("status", (status: StatusObject) => {
      this.status = status;
    });
    this.call.on("error", () => {});
  }

  get commands(): string[] {
    return this.heard.map(({ command }) => command);
  }

  send(chunk: Omit<Chunk, "relayId">): void {
    this.call.write(chunkBytes({ relayId: this.id, ...chunk }));
  }

  sendRaw(bytes: Uint8Array): void {
    this.call.write(Buffer.from(bytes));
  }

  /** As before 2025-09-17. */
  sendOne(pcm: Int16Array, rateHz = 16_000): void {
    this.send({ audio: bytesOf(pcm), rateHz, wake: true, end: true });
  }

  /** As the real relay: the first two seconds, then all of it. */
  sendTwo(pcm: Int16Array, rateHz = 22_050): void {
    this.send({ audio: bytesOf(pcm.subarray(0, 2 * rateHz)), rateHz, wake: true });
    this.send({ audio: bytesOf(pcm), rateHz, end: true });
  }

  goAway(): void {
    this.call.cancel();
    this.#client.close();
  }
}
