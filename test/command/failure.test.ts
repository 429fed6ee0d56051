import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { within } from "../../src/command/ask-server.ts";
import { failureOf, wordsFor } from "../../src/command/failure.ts";
import { openSink } from "../../src/command/open-sink.ts";
import { sinkSettings } from "../../src/config/command-settings.ts";
import { makePapers } from "../loqa/tls-papers.ts";
import { failure, KeptLog, said, sound, TIMES } from "./around.ts";
import { HttpServer } from "./http-server.ts";

async function failureBy(settings: unknown) {
  const log = new KeptLog();
  const around = { times: TIMES, log, instance: () => "hall", listenedWords: () => [] };
  const opened = openSink(sinkSettings.parse(settings), around);
  if (opened === undefined) throw new Error("no sink");
  try {
    const { message, hint } = await failure(said(opened.sink, sound(1000)));
    return { message, hint, triedAgain: log.lines.filter((line) => line.includes("tried again")).length };
  } finally {
    opened.close();
  }
}

describe("a server that is set up wrongly is told of in words that help, and not tried again:", () => {
  const folder = mkdtempSync(join(tmpdir(), "earshot-papers-"));
  let tls: Bun.Server<undefined>;
  let plain: HttpServer;

  beforeAll(() => {
    const papers = makePapers(folder);
    plain = new HttpServer(() => new Response("", { status: 401 }));
    tls = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      tls: { cert: Bun.file(papers("hub.crt")), key: Bun.file(papers("hub.key")) },
      fetch: () => Response.json({ text: "yes" }),
    });
  });
  afterAll(() => {
    plain[Symbol.dispose]();
    void tls.stop(true);
    rmSync(folder, { recursive: true, force: true });
  });

  test.each(["openai", "orac"])("a certificate of an authority that nobody knows here (%s)", async (kind) => {
    const { message, hint, triedAgain } = await failureBy({ kind, url: `https://127.0.0.1:${tls.port}` });
    expect(message).toContain("nobody whom this machine trusts vouches for its certificate");
    expect(hint).toContain("NODE_EXTRA_CA_CERTS");
    expect(triedAgain).toBe(0);
  });

  test.each(["openai", "orac"])("https in place of http (%s)", async (kind) => {
    const { message, hint, triedAgain } = await failureBy({ kind, url: plain.url.replace("http:", "https:") });
    expect(message).toContain("speaks no TLS");
    expect(hint).toContain("write http:// in place of https://");
    expect(triedAgain).toBe(0);
  });

  test("a key that is missing, or another one, with the setting that holds it", async () => {
    const none = await failureBy({ kind: "openai", url: plain.url });
    expect([none.message, none.hint]).toEqual([expect.stringContaining("wants a key"), "set command.sink.api_key"]);
    const other = await failureBy({ kind: "webhook", url: plain.url, api_key: "s3cret" });
    expect(other.message).toContain("wants another key");
    const keyless = await failureBy({ kind: "orac", transport: "multipart", url: plain.url });
    expect(keyless.hint).toContain("there is no setting for one");
  });
});

test.each([
  ["CERT_HAS_EXPIRED", "has expired"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "is for another name"],
  ["ENOTFOUND", "no such host"],
  ["ESOMETHING", "broke off (ESOMETHING)"],
])("what the system calls %s is said in words", (code, words) => {
  const error = Object.assign(new Error("?"), { code });
  expect(failureOf(error, wordsFor("speech", "http://a/b?key=s3cret", "x.url"), true).message).toContain(words);
});

test.each([
  ["http://a:8000", "http://a:8000/v1/audio/transcriptions"],
  ["http://a:8000/", "http://a:8000/v1/audio/transcriptions"],
  ["http://a/v1", "http://a/v1/audio/transcriptions"],
  ["http://a/v1/", "http://a/v1/audio/transcriptions"],
  ["http://a/v1/audio/transcriptions", "http://a/v1/audio/transcriptions"],
  ["http://a/proxy/v1?key=x", "http://a/proxy/v1/audio/transcriptions?key=x"],
  ["http://a/audio", "http://a/audio/v1/audio/transcriptions"],
])("a server written as %s is asked once at each part of its path", (server, url) => {
  expect(within(server, "v1/audio/transcriptions")).toBe(url);
});
