import { expect, test } from "bun:test";
import fc from "fast-check";
import { openSink } from "../../../src/command/open-sink.ts";
import { SinkError } from "../../../src/command/sink.ts";
import { sinkSettings } from "../../../src/config/command-settings.ts";
import { fuzzSeed } from "../../memory/fuzz-seed.ts";
import { KeptLog, said, sound, TIMES } from "../around.ts";
import { HttpServer } from "../http-server.ts";

const SEED = fuzzSeed("answers of servers");

/** Anything, and what looks like an answer. */
const answers = fc.oneof(
  fc.jsonValue(),
  fc.record(
    {
      text: fc.oneof(fc.string(), fc.jsonValue()),
      transcript: fc.oneof(fc.string(), fc.jsonValue()),
      command: fc.oneof(fc.string(), fc.jsonValue()),
      confirm: fc.oneof(fc.boolean(), fc.jsonValue()),
      confidence: fc.oneof(fc.double(), fc.jsonValue()),
      language: fc.oneof(fc.constant("unknown"), fc.jsonValue()),
      audio: fc.oneof(fc.base64String(), fc.jsonValue()),
    },
    { requiredKeys: [] },
  ),
);

test.each([{ kind: "openai" }, { kind: "orac", transport: "multipart" }, { kind: "webhook" }])(
  "%j: whatever a server answers is an understood command or a SinkError, on one line and within bounds",
  async (kind) => {
    let answer: unknown;
    using server = new HttpServer(({ path }) => (path.endsWith("heartbeat") ? new Response() : Response.json(answer)));
    const settings = sinkSettings.parse({ ...kind, url: server.url });
    await fc.assert(
      fc.asyncProperty(answers, async (json) => {
        answer = json;
        const around = { times: TIMES, log: new KeptLog(), instance: () => "x", listenedWords: () => [] };
        const opened = openSink(settings, around);
        if (opened === undefined) throw new Error("no sink");
        try {
          const { transcript, confidence = 0, handled } = await said(opened.sink, sound(10));
          for (const text of [transcript, handled?.text ?? "", handled?.command ?? ""]) {
            expect(text).not.toMatch(/[\p{Cc}]/u);
            expect(text.length).toBeLessThanOrEqual(4000);
          }
          expect(confidence).toBeWithin(0, 1.000001);
        } catch (error) {
          expect(error).toBeInstanceOf(SinkError);
          expect((error as SinkError).message).not.toMatch(/\n/);
        } finally {
          opened.close();
        }
      }),
      { seed: SEED, numRuns: 150 },
    );
  },
);
