// Who may come in by which door, through a real server: the page and the API, the relays' WebSocket, and sound by request.
import { afterEach, describe, expect, test } from "bun:test";
import { appInAHouse } from "./app-in-a-house.ts";

const KITCHEN = { name: "kitchen", sha256: "", createdAtMs: 0 };
const PCM = new Uint8Array(640);

const servers: { stop(force: boolean): unknown }[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.stop(true);
});

function house(web: Record<string, unknown> = {}) {
  const fixture = appInAHouse({ yaml: JSON.stringify({ web }), tokens: { secret: KITCHEN } });
  let address = "127.0.0.1";
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request, server) => {
      const requestIP = () => ({ address, port: 9, family: "IPv4" });
      return fixture.app.fetch(request, Object.assign(Object.create(server) as object, { requestIP }));
    },
  });
  servers.push(server);
  const ask = async (path: string, headers: Record<string, string> = {}, init: RequestInit = {}) => {
    const response = await fetch(new URL(path, server.url), { ...init, headers });
    const body = (await response.json()) as { readonly error?: { readonly code: string } };
    return `${response.status} ${body.error?.code ?? ""}`.trim();
  };
  return {
    fixture,
    state: (headers?: Record<string, string>) => ask("/api/state", headers),
    send: (name: string, headers?: Record<string, string>) =>
      ask(`/api/streams/${name}`, headers, { method: "PUT", body: PCM }),
    ask,
    from: (other: string) => {
      address = other;
    },
  };
}

const knowing = (password: string) => ({ authorization: `Basic ${btoa(`earshot:${password}`)}` });
const having = (token: string) => ({ authorization: `Bearer ${token}` });

describe("sound by request", () => {
  test("comes from programs of this machine without more, unless told", async () => {
    const { send, fixture } = house();
    expect(await send("attic")).toBe("200");
    await fixture.desk.change({ web: { loopback_needs_token: true } });
    expect(await send("attic")).toBe("401 no_token");
    expect(await send("kitchen", having("secret"))).toBe("200");
  });

  test("comes from elsewhere with a token, under the token's name alone", async () => {
    const { send, from } = house();
    from("192.0.2.1");
    expect(await send("kitchen")).toBe("401 no_token");
    expect(await send("kitchen", having("wrong"))).toBe("401 wrong_token");
    expect(await send("attic", having("secret"))).toBe("403 wrong_id");
    expect(await send("kitchen", having("secret"))).toBe("200");
  });

  test("comes from who knows the password under any name", async () => {
    const { send, from } = house({ password: "long enough" });
    from("192.0.2.1");
    expect(await send("attic", knowing("long enough"))).toBe("200");
    expect(await send("attic", knowing("long enougH"))).toBe("401 no_token");
  });

  test("does not come from a page of elsewhere", async () => {
    const { send } = house();
    expect(await send("attic", { origin: "http://evil.example" })).toBe("403 foreign_origin");
  });
});

test("a token opens the relays' doors and no other", async () => {
  const { state, send, from } = house({ password: "long enough" });
  from("192.0.2.1");
  expect(await send("kitchen", having("secret"))).toBe("200");
  expect(await state(having("secret"))).toBe("401 password_needed");
});

describe("web.origins", () => {
  const panel = { origin: "https://panel.local:8123", "content-type": "application/json" };
  const mute = { method: "POST", body: '{"muted":false}' };

  test("names pages that may act, from the next request on", async () => {
    const { ask, fixture } = house();
    expect(await ask("/api/mute", panel, mute)).toBe("403 foreign_origin");
    await fixture.desk.change({ web: { origins: ["https://panel.local:8123"] } });
    expect(await ask("/api/mute", panel, mute)).toBe("200");
    expect(await ask("/api/mute", { ...panel, origin: "https://panel.local" }, mute)).toBe("403 foreign_origin");
  });

  test("lets browsers show such a page what it asked for, and no other", async () => {
    const { app } = appInAHouse({ yaml: "web: {origins: ['https://panel.local:8123']}" });
    const preflight = (origin: string) =>
      app.request("http://localhost/api/mute", {
        method: "OPTIONS",
        headers: { origin, "access-control-request-method": "POST" },
      });
    const ours = await preflight(panel.origin);
    expect(ours.status).toBe(204);
    expect(ours.headers.get("access-control-allow-origin")).toBe(panel.origin);
    const theirs = await preflight("https://evil.example");
    expect(theirs.headers.get("access-control-allow-origin")).toBeNull();
  });
});

describe("who guesses", () => {
  test("a password is not heard after twenty tries, not even with the right one, and is after a while", async () => {
    const { state, from, fixture } = house({ password: "long enough" });
    from("192.0.2.1");
    for (let i = 0; i < 20; i++) expect(await state(knowing(`wrong ${i}`))).toBe("401 password_needed");
    expect(await state(knowing("wrong"))).toBe("429 too_many_tries");
    expect(await state(knowing("long enough"))).toBe("429 too_many_tries");
    from("192.0.2.2");
    expect(await state(knowing("long enough"))).toBe("200");
    from("192.0.2.1");
    fixture.lived.nowMs += 6000;
    expect(await state(knowing("long enough"))).toBe("200");
  });

  test("a token is told no more, and the right one is let in all the same", async () => {
    const { send, from } = house();
    from("192.0.2.1");
    for (let i = 0; i < 20; i++) expect(await send("kitchen", having(`wrong-${i}`))).toBe("401 wrong_token");
    expect(await send("kitchen", having("wrong"))).toBe("429 too_many_tries");
    expect(await send("kitchen", having("secret"))).toBe("200");
  });

  test("by the relays' door, is not heard at the page's either", async () => {
    const { send, state, from } = house({ password: "long enough" });
    from("192.0.2.1");
    for (let i = 0; i < 20; i++) await send("attic", knowing(`wrong ${i}`));
    expect(await state(knowing("long enough"))).toBe("429 too_many_tries");
    expect(await send("attic", knowing("long enough"))).toBe("429 too_many_tries");
  });

  test("by a proxy of this machine does not shut out the programs of this machine", async () => {
    const { state } = house({ password: "long enough" });
    const proxied = { "x-forwarded-for": "198.51.100.4" };
    for (let i = 0; i < 20; i++) await state({ ...knowing("wrong"), ...proxied });
    expect(await state({ ...knowing("long enough"), ...proxied })).toBe("429 too_many_tries");
    expect(await state(knowing("long enough"))).toBe("200");
  });

  test("nothing at all has not guessed: a browser asks without a password first", async () => {
    const { state, from } = house({ password: "long enough" });
    from("192.0.2.1");
    for (let i = 0; i < 50; i++) expect(await state()).toBe("401 password_needed");
    expect(await state(knowing("long enough"))).toBe("200");
  });
});
