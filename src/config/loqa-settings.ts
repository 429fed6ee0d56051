/** Relays that speak Loqa's gRPC protocol: who they are let in from. Part of the schema. */
import { z } from "zod";

const PORT = 50_051;

const file = z.string().min(1).optional();

export const loqaSettings = z
  .strictObject({
    enabled: z.boolean().default(false),
    /** Anything but loopback needs `tls`, or `plaintext: true`. */
    host: z.string().min(1).default("127.0.0.1"),
    port: z.int().min(0).max(65_535).default(PORT),
    /** What the page calls these relays' wake word. */
    model: z
      .string()
      .regex(/^[\w.-]{1,63}$/, "letters, digits, _ . - and no spaces")
      .default("hey_loqa"),
    /** Whether other machines may come without TLS, as Loqa's own relays do: whoever reaches the port may be a relay then. */
    plaintext: z.boolean().default(false),
    tls: z
      .strictObject({
        /** PEM files. */
        cert: file,
        key: file,
        /** Who signed the certificates of the relays; without it they need none. */
        client_ca: file,
      })
      .prefault({}),
    nats: z
      .strictObject({
        /** nats://HOST:4222 or tls://HOST:4222: Loqa's own relays play answers that come by it, and no others. */
        url: z
          .string()
          .regex(
            /^(nats|tls):\/\/[^\s@/]+$/,
            "nats://HOST:4222 is expected; user and password have settings of their own",
          )
          .optional(),
        user: z.string().min(1).optional(),
        password: z.string().min(1).optional(),
      })
      .prefault({}),
  })
  .prefault({});

export type LoqaSettings = z.infer<typeof loqaSettings>;

/** What is wrong with the settings together: where, and what to do. */
export function wrongWithLoqa(
  { enabled, host, plaintext, tls }: LoqaSettings,
  isLoopback: (host: string) => boolean,
): { readonly path: readonly string[]; readonly message: string } | undefined {
  const { cert, key, client_ca } = tls;
  if ((cert === undefined) !== (key === undefined)) {
    const missing = cert === undefined ? "cert" : "key";
    return {
      path: ["loqa", "tls"],
      message: `loqa.tls.${missing} is missing: a certificate and its key belong together`,
    };
  }
  if (client_ca !== undefined && cert === undefined) {
    return { path: ["loqa", "tls"], message: "loqa.tls.client_ca needs loqa.tls.cert and loqa.tls.key too" };
  }
  if (enabled && !isLoopback(host) && cert === undefined && !plaintext) {
    const message = `${host} can be reached from other machines: set loqa.tls, or loqa.plaintext: true if that is meant`;
    return { path: ["loqa", "host"], message };
  }
  return undefined;
}
