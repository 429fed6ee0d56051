// Sound from elsewhere through a real server: what a sender with curl sees.
import { afterAll, describe, expect, test } from "bun:test";
import { appInAHouse } from "./app-in-a-house.ts";

const { app, lived } = appInAHouse();
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: app.fetch,
  maxRequestBodySize: Number.MAX_SAFE_INTEGER,
});
afterAll(() => server.stop(true));

/** A request whose body is written bit by bit. */
function sending(name: string) {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const answer = fetch(new URL(`/api/streams/${name}`, server.url), { method: "PUT", body: readable });
  return {
    writer,
    answer: async () => {
      const response = await answer;
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    },
  };
}

const pcm = (samples: number) => new Uint8Array(new Int16Array(samples).fill(1000).buffer);

async function until(what: () => boolean): Promise<void> {
  const end = performance.now() + 5000;
  while (!what() && performance.now() < end) await Bun.sleep(2);
  expect(what()).toBe(true);
}

const names = () => lived.house.state().streams.map(({ name }) => name);

describe("PUT /api/streams/NAME", () => {
  test("listens as long as the body goes on, and says how much that was", async () => {
    const { writer, answer } = sending("hall");
    await writer.write(pcm(640));
    await until(() => names().includes("hall"));
    await writer.write(pcm(640));
    await writer.close();
    expect(await answer()).toEqual({ status: 200, body: { samples: 1280, seconds: 0.08 } });
    await until(() => !names().includes("hall"));
  });

  test("takes the address of the sender", async () => {
    const { writer, answer } = sending("hall");
    await writer.write(pcm(640));
    await until(() => lived.house.state().streams[1]?.address?.startsWith("127.0.0.1:") === true);
    await writer.close();
    await answer();
  });

  test("refuses a name that nobody could say", async () => {
    const { writer, answer } = sending("a%2Fb");
    await writer.close().catch(() => {});
    expect(await answer()).toMatchObject({ status: 400, body: { error: { code: "bad_request" } } });
  });

  test("refuses one stream too many, with what to do", async () => {
    const [one, two] = [sending("one"), sending("two")];
    await Promise.all([one.writer.write(pcm(640)), two.writer.write(pcm(640))]);
    await until(() => names().length === 3);
    const three = sending("three");
    await three.writer.write(pcm(64)).catch(() => {});
    expect(await three.answer()).toMatchObject({
      status: 503,
      body: { error: { code: "streams_full", hint: expect.stringContaining("streams.max") } },
    });
    await Promise.all([one.writer.close(), two.writer.close()]);
    await Promise.all([one.answer(), two.answer()]);
  });

  test("lets the newest sender of a name go on and tells the old one", async () => {
    const old = sending("hall");
    await old.writer.write(pcm(640));
    await until(() => names().includes("hall"));
    const next = sending("hall");
    await next.writer.write(pcm(640));
    await Bun.sleep(0);
    await until(() => lived.memory.streamTable.reader().read().generation > 0);
    const telling = setInterval(() => void old.writer.write(pcm(64)).catch(() => {}), 5);
    expect(await old.answer()).toMatchObject({ status: 409, body: { error: { code: "replaced" } } });
    clearInterval(telling);
    expect(names()).toContain("hall");
    await next.writer.close();
    expect((await next.answer()).status).toBe(200);
  });

  test("refuses a file, which comes faster than it can be heard", async () => {
    const { writer, answer } = sending("file");
    const sent = writer.write(pcm(10 * 16_000)).catch(() => {});
    expect(await answer()).toMatchObject({ status: 429, body: { error: { code: "faster_than_heard" } } });
    await sent;
    await until(() => !names().includes("file"));
  });

  test("gives up on a sender that says nothing, and not on one that pauses", async () => {
    const impatient = appInAHouse({ silentMs: 300 });
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const names = () => impatient.lived.house.state().streams.map(({ name }) => name);
    const headers = { host: "localhost:7171" };
    const request = new Request("http://localhost:7171/api/streams/hall", { method: "PUT", headers, body: readable });
    const address = { requestIP: () => ({ address: "127.0.0.1", port: 9, family: "IPv4" }) };
    const answer = Promise.resolve(impatient.app.fetch(request, address));
    for (let i = 0; i < 4; i++) {
      await writer.write(pcm(320));
      await Bun.sleep(100);
      expect(names()).toContain("hall");
    }
    const response = await answer;
    expect(response.status).toBe(408);
    expect(await response.json()).toEqual({ error: { code: "silent", message: "hall sent nothing for 0.3 s" } });
    expect(names()).not.toContain("hall");
  });

  test("gives the stream back when the sender is cut off in the middle", async () => {
    const cut = new AbortController();
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const answer = fetch(new URL("/api/streams/hall", server.url), {
      method: "PUT",
      body: readable,
      signal: cut.signal,
    });
    const ended = answer.catch(() => "cut");
    await writable.getWriter().write(pcm(640));
    await until(() => names().includes("hall"));
    cut.abort();
    expect(await ended).toBe("cut");
    await until(() => !names().includes("hall"));
  });
});
