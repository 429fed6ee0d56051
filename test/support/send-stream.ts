// Sound sent to a running Earshot as another machine would: a request whose body goes on in real time.

export interface SentStream {
  /** What the server answered, or "cut" where it was cut off. */
  readonly ended: Promise<number | "cut">;
  /** When the samples up to this one were sent, UTC, ms; undefined before. */
  sentAt(sample: number): number | undefined;
  /** The cable is pulled. */
  cut(): void;
}

/** Samples of one piece: 80 ms. */
const PIECE = 1280;

/** Sends `pcm`, 16 kHz mono, as it would be heard, and ends the request behind it. */
export function sendStream(url: string, name: string, pcm: Int16Array): SentStream {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const gone = new AbortController();
  const answer = fetch(`${url}/api/streams/${name}`, { method: "PUT", body: readable, signal: gone.signal });
  const sent: number[] = [];
  void (async () => {
    const writer = writable.getWriter();
    const beganMs = performance.now();
    for (let at = 0; at < pcm.length && !gone.signal.aborted; at += PIECE) {
      const piece = pcm.slice(at, at + PIECE);
      await writer.write(new Uint8Array(piece.buffer));
      sent.push(Date.now());
      await Bun.sleep(Math.max(0, beganMs + (at + piece.length) / 16 - performance.now()));
    }
    await writer.close();
  })().catch(() => {});
  return {
    ended: answer.then(
      ({ status }) => status,
      () => "cut",
    ),
    sentAt: (sample) => sent[Math.floor(sample / PIECE)],
    cut: () => gone.abort(),
  };
}
