/** Sound from elsewhere, as a request whose body does not end: `arecord ... | curl -T - http://host:7171/api/streams/kitchen`. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { getConnInfo } from "hono/bun";
import { SPOKEN_NAME, SPOKEN_NAME_RULE } from "../../config/schema.ts";
import type { RemoteStream, StreamEnd } from "../../hub/remote-streams.ts";
import { SAMPLE_RATE } from "../../memory/layout.ts";
import { WebError } from "../web-error.ts";
import { json, refusals } from "./route-parts.ts";

const SILENT_MS = 10_000;

export interface StreamsOptions {
  readonly openStream: (name: string, address: string) => RemoteStream | StreamEnd;
  /** A sender that says nothing for this long is gone, whatever its connection says; 10 s when unsaid. */
  readonly silentMs?: number;
}

const received = z
  .object({ samples: z.number().int(), seconds: z.number() })
  .describe("how much came")
  .openapi("Received");

export function addStreamRoutes(app: OpenAPIHono, { openStream, silentMs = SILENT_MS }: StreamsOptions): void {
  app.openapi(
    createRoute({
      method: "put",
      path: "/api/streams/{name}",
      description:
        "Listens to the body as it comes: 16-bit little-endian samples, 16 kHz, mono, no faster than real time.",
      request: { params: z.object({ name: z.string().regex(SPOKEN_NAME, SPOKEN_NAME_RULE) }) },
      responses: { 200: json(received, "the sender has ended"), ...refusals },
    }),
    async (context) => {
      const { name } = context.req.valid("param");
      const stream = openStream(name, addressOf(getConnInfo(context).remote));
      if ("code" in stream) throw refusalOf(stream, name);
      const { body } = context.req.raw;
      try {
        const samples = body === null ? 0 : await listen(body, stream, { name, silentMs });
        return context.json({ samples, seconds: Number((samples / SAMPLE_RATE).toFixed(2)) }, 200);
      } finally {
        stream.close();
      }
    },
  );
}

interface Sending {
  readonly name: string;
  readonly silentMs: number;
}

async function listen(body: ReadableStream<Uint8Array>, stream: RemoteStream, sending: Sending): Promise<number> {
  const reader = body.getReader();
  let bytes = 0;
  let replaced: StreamEnd | undefined;
  // Told at once, whether it sends or not.
  void stream.ended.then((end) => {
    replaced = end;
    return reader.cancel().catch(() => {});
  });
  try {
    for (;;) {
      const { done, value } = await withinTime(reader.read(), sending);
      if (replaced !== undefined) throw refusalOf(replaced, sending.name);
      if (done) return Math.floor(bytes / 2);
      bytes += value.length;
      const end = stream.push(value);
      if (end !== undefined) throw refusalOf(end, sending.name);
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

async function withinTime<T>(reading: Promise<T>, { name, silentMs }: Sending): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new WebError(408, "silent", `${name} sent nothing for ${silentMs / 1000} s`)),
    silentMs,
  );
  try {
    return await Promise.race([reading, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function addressOf({ address, port }: { readonly address?: string; readonly port?: number }): string {
  return address === undefined ? "unknown" : `${address.includes(":") ? `[${address}]` : address}:${port ?? "?"}`;
}

function refusalOf(end: StreamEnd, name: string): WebError {
  switch (end.code) {
    case "streams_full":
      return end.most === 0
        ? new WebError(503, end.code, "no streams from elsewhere are taken", "raise streams.max and start again")
        : new WebError(503, end.code, `${end.most} streams are open already`, "raise streams.max and start again");
    case "too_many_relays":
      return new WebError(503, end.code, `${end.most} relays are connected already`, "raise arbitration.max_relays");
    case "name_of_hub":
      return new WebError(409, end.code, `the hub's own microphone is called ${name}`, "give the sender another name");
    case "replaced":
      return new WebError(409, end.code, `somebody else sends as ${name} now`, "give each sender a name of its own");
    case "faster_than_heard":
      return new WebError(
        429,
        end.code,
        `${name} sends faster than real time`,
        "send 16-bit samples at 16 kHz, mono, as they are heard; earshot listen takes files",
      );
  }
}
