// A Wyoming server on loopback. What comes is read by a reader of its own, not by the program's codec.
import { createServer, type Server, type Socket } from "node:net";
import { encodeWyoming, type WyomingEvent } from "../../src/wyoming/codec.ts";

type Answer = (event: WyomingEvent, say: (event: WyomingEvent) => void, hangUp: () => void) => void;

export class WyomingServer implements Disposable {
  /** Of the newest connection. */
  events: WyomingEvent[] = [];
  connections = 0;
  /** Sent to each connection at once. */
  greeting: Uint8Array | undefined;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #frozen = false;

  constructor(answer: Answer, port = 0) {
    this.#server = createServer((socket) => this.#connected(socket, answer));
    this.#server.listen(port, "127.0.0.1");
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("it does not listen");
    return address.port;
  }

  get open(): number {
    return this.#sockets.size;
  }

  get types(): readonly string[] {
    return this.events.map(({ type }) => type);
  }

  get pcm(): Buffer {
    return Buffer.concat(this.events.flatMap(({ payload }) => (payload === undefined ? [] : [payload])));
  }

  /** Reads nothing any more. */
  freeze(): void {
    this.#frozen = true;
    for (const socket of this.#sockets) socket.pause();
  }

  thaw(): void {
    this.#frozen = false;
    for (const socket of this.#sockets) socket.resume();
  }

  [Symbol.dispose](): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #connected(socket: Socket, answer: Answer): void {
    this.connections++;
    this.events = [];
    const events = this.events;
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => {});
    if (this.greeting !== undefined) socket.write(this.greeting);
    let bytes: Buffer = Buffer.alloc(0);
    socket.on("data", (more: Buffer) => {
      bytes = Buffer.concat([bytes, more]);
      for (;;) {
        const end = bytes.indexOf(10);
        if (end < 0) return;
        const header = JSON.parse(bytes.subarray(0, end).toString());
        const dataEnd = end + 1 + (header.data_length ?? 0);
        const payloadEnd = dataEnd + (header.payload_length ?? 0);
        if (bytes.length < payloadEnd) return;
        const data = header.data_length > 0 ? JSON.parse(bytes.subarray(end + 1, dataEnd).toString()) : {};
        const payload = header.payload_length > 0 ? Buffer.from(bytes.subarray(dataEnd, payloadEnd)) : undefined;
        bytes = bytes.subarray(payloadEnd);
        const event = { type: header.type as string, data: { ...header.data, ...data }, payload };
        events.push(event);
        answer(
          event,
          (said) => socket.write(encodeWyoming(said)),
          // What was said before is still on its way.
          () => socket.destroySoon(),
        );
      }
    });
    if (this.#frozen) socket.pause();
  }
}
