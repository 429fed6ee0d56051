/** One talk with a Wyoming server, in a connection of its own. */
import { WyomingError } from "../wyoming/codec.ts";
import { type DialOptions, WyomingClient } from "../wyoming/dial.ts";
import { type ErrorWords, failureOf } from "./failure.ts";
import { SinkError } from "./sink.ts";
import type { Times } from "./times.ts";

const CONNECT_MS = 3_000;

/**
 * @param talk what it throws when the connection ends becomes a `SinkError`; it may be had again
 * @throws SinkError
 */
export async function withWyoming<T>(
  options: DialOptions,
  words: ErrorWords,
  times: Times,
  talk: (client: WyomingClient) => Promise<T>,
): Promise<T> {
  const client = new WyomingClient(options);
  const late = Promise.withResolvers<never>();
  late.promise.catch(() => {});
  void times.sleep(CONNECT_MS, client.signal).then(() => late.reject(new Error("no answer")));
  try {
    await Promise.race([client.opened, late.promise]);
    return await talk(client);
  } catch (error) {
    if (error instanceof WyomingError) {
      throw new SinkError("bad_answer", `${words.server} does not speak Wyoming: ${error.message}`, words.hint, {
        cause: error,
      });
    }
    throw failureOf(error, words, true);
  } finally {
    client.close();
  }
}

/** As errors name it. */
export function wyomingWords(what: string, host: string, port: number, setting: string): ErrorWords {
  return {
    server: `the Wyoming ${what} at ${host}:${port}`,
    hint: `see whether it runs, and whether ${setting} is right`,
  };
}
