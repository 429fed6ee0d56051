// A server on loopback that answers as a test wants, and notes what it was asked.

export interface Asked {
  readonly path: string;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
}

export class HttpServer implements Disposable {
  readonly asked: Asked[] = [];
  readonly #server;
  answer: (asked: Asked, request: Request) => Response | Promise<Response>;

  constructor(answer: HttpServer["answer"]) {
    this.answer = answer;
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      idleTimeout: 0,
      fetch: async (request) => {
        const { pathname, search } = new URL(request.url);
        const body = new Uint8Array(await request.arrayBuffer());
        const asked = { path: `${pathname}${search}`, headers: request.headers, body };
        this.asked.push(asked);
        return this.answer(asked, request);
      },
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  [Symbol.dispose](): void {
    void this.#server.stop(true);
  }
}

/** What came as multipart/form-data, read by Bun and not by what wrote it. */
export function formOf({ headers, body }: Asked): Promise<FormData> {
  return new Response(body, { headers: { "content-type": headers.get("content-type") ?? "" } }).formData();
}

export async function bytesOf(part: unknown): Promise<Uint8Array> {
  if (!(part instanceof Blob)) throw new Error(`no file: ${String(part)}`);
  return new Uint8Array(await part.arrayBuffer());
}
