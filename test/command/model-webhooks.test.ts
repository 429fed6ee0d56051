import { expect, test } from "bun:test";
import { ModelWebhooks } from "../../src/command/model-webhooks.ts";
import { until } from "../support/until.ts";
import { COMMAND, KeptLog, TIMES } from "./around.ts";
import { HttpServer } from "./http-server.ts";

function small() {
  const log = new KeptLog();
  return { log, webhooks: new ModelWebhooks({ times: TIMES, log }) };
}

const of = (url: string) => ({ ...COMMAND, webhookUrl: url });

test("a word with a URL is told there, in hey-orac's words; one without is not", async () => {
  using server = new HttpServer(() => new Response("ok"));
  const { webhooks } = small();
  webhooks.fire(COMMAND);
  webhooks.fire(of(`${server.url}/api/webhook/s3cret`));
  await until("server.asked.length === 1", () => server.asked.length === 1 || undefined);
  expect(server.asked[0]?.path).toBe("/api/webhook/s3cret");
  expect(JSON.parse(new TextDecoder().decode(server.asked[0]?.body))).toMatchObject({
    ...{ wake_word: "alexa", model_name: "alexa", confidence: 0.9, threshold: 0.35, timestamp: 1767323045.678 },
    ...{ all_scores: { alexa: 0.9, timer: 0.1 }, multi_trigger: true },
  });
});

test("one that fails is told of in log and health, without its path, until it works", async () => {
  let status = 500;
  using server = new HttpServer(() => new Response("", { status }));
  const { webhooks, log } = small();
  webhooks.fire(of(`${server.url}/s3cret`));
  await until("webhooks.troubles.length === 1", () => webhooks.troubles.length === 1 || undefined);
  expect(webhooks.troubles).toMatchObject([{ code: "webhook_down", hint: "see what it logs" }]);
  await until("log.lines.length === 1", () => log.lines.length === 1 || undefined);
  expect(log.lines.join() + JSON.stringify(webhooks.troubles)).not.toContain("s3cret");
  status = 200;
  webhooks.fire(of(`${server.url}/s3cret`));
  await until("webhooks.troubles.length === 0", () => webhooks.troubles.length === 0 || undefined);
});

test("a server that hangs gathers no more than 16 requests, and is left when the program ends", async () => {
  using server = new HttpServer(() => new Promise<Response>(() => {}));
  const { webhooks, log } = small();
  for (let i = 0; i < 20; i++) webhooks.fire(of(server.url));
  await until("server.asked.length === 16", () => server.asked.length === 16 || undefined);
  expect(log.lines.filter((line) => line.startsWith("warn webhook left out"))).toHaveLength(4);
  webhooks.close();
  webhooks.fire(of(server.url));
  await Bun.sleep(20);
  expect(server.asked).toHaveLength(16);
  expect(webhooks.troubles).toEqual([]);
});
