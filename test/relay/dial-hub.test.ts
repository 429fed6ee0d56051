// What a relay is told where a hub takes no WebSocket of it.
import { describe, expect, test } from "bun:test";
import { hubDialler } from "../../src/relay/dial-hub.ts";
import type { HubSocketEvents } from "../../src/relay/relay-client.ts";
import { type Fetch, type Refusal, whyRefused } from "../../src/relay/why-refused.ts";

const answering =
  (status: number, body: unknown): Fetch =>
  async () => ({ status, json: async () => body });
const failing =
  (error: object): Fetch =>
  () =>
    Promise.reject(error);
const why = (request: Fetch, url = "ws://hall:7171/relay") => whyRefused(url, "secret", undefined, request);

describe("whyRefused()", () => {
  test("asks the same door by a request, with the token and whom to believe", async () => {
    const asked: unknown[] = [];
    const request: Fetch = (url, { headers, tls }) => {
      asked.push({ url, headers, tls });
      return answering(426, {})(url, {});
    };
    expect(await whyRefused("wss://hall:7171/relay", "secret", "PEM", request)).toBeUndefined();
    const headers = { authorization: "Bearer secret" };
    expect(asked).toEqual([{ url: "https://hall:7171/relay", headers, tls: { ca: "PEM" } }]);
  });

  test("gives the hub's own words", async () => {
    const error = { code: "wrong_token", message: "the token is not known", hint: "earshot token add NAME makes one" };
    expect(await why(answering(401, { error }))).toEqual(error);
  });

  test("does not take another server for a hub", async () => {
    expect(await why(answering(404, "<html>"))).toMatchObject({
      code: "no_hub",
      message: expect.stringContaining("404"),
    });
    expect(await why(answering(200, { error: "no" }))).toMatchObject({ code: "no_hub" });
  });

  test.each([
    ["ECONNREFUSED", "nobody_there"],
    ["ENOTFOUND", "unknown_name"],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "untrusted_certificate"],
    ["SELF_SIGNED_CERT_IN_CHAIN", "untrusted_certificate"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "other_name"],
    ["CERT_HAS_EXPIRED", "expired"],
    ["EPROTO", "no_tls"],
    ["EWHATEVER", "unreachable"],
  ])("tells %s as %s", async (code, told) => {
    expect(await why(failing({ code, message: "some words" }), "wss://hall:7171/relay")).toMatchObject({ code: told });
  });

  test("says of a hub that takes TLS alone to dial it so", async () => {
    const refusal = await why(failing({ code: "ECONNRESET", message: "closed" }));
    expect(refusal).toMatchObject({ code: "wants_tls", hint: expect.stringContaining("wss://") });
  });

  test("tells what real servers do", async () => {
    const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("hello", { status: 200 }) });
    const url = `127.0.0.1:${server.port}/relay`;
    expect(await whyRefused(`ws://${url}`, undefined, undefined)).toMatchObject({ code: "no_hub" });
    expect(await whyRefused(`wss://${url}`, undefined, undefined)).toMatchObject({ code: "no_tls" });
    await server.stop(true);
    expect(await whyRefused(`ws://${url}`, undefined, undefined)).toMatchObject({ code: "nobody_there" });
  });
});

describe("a relay that dials its hub", () => {
  const WRONG: Refusal = { code: "wrong_token", message: "the token is not known", hint: "make one" };
  const TOO_MANY: Refusal = { code: "too_many_tries", message: "too many", hint: "wait 12 s" };

  /** A network that refuses each WebSocket, and a hub that says so of it, one answer after the other. */
  function refusing(...answers: readonly (Refusal | undefined)[]) {
    const left = [...answers];
    const did: string[] = [];
    const dialler = hubDialler(
      () => (events) => {
        did.push("dialled");
        queueMicrotask(() => events.closed("closed with code 1002"));
        return { send: () => {}, close: () => {}, bufferedBytes: 0 };
      },
      async () => {
        did.push("asked");
        return left.shift();
      },
    );
    const attempt = () =>
      new Promise<{ readonly why: string; readonly code: string | undefined }>((told) => {
        const events: HubSocketEvents = {
          opened: () => {},
          message: () => {},
          closed: (why, refusal) => told({ why, code: refusal?.code }),
        };
        dialler("ws://hall", "secret", undefined)(events);
      });
    return { did, attempt };
  }

  test("is told why it is not let in", async () => {
    const { attempt } = refusing(WRONG);
    expect(await attempt()).toEqual({ why: "ws://hall: the token is not known", code: "wrong_token" });
  });

  test("is told of something between that stops WebSockets, where a request is let in", async () => {
    const { attempt } = refusing(undefined);
    const { why, code } = await attempt();
    expect([why, code]).toEqual([expect.stringContaining("does a proxy stop WebSockets?"), undefined]);
  });

  test("shows a token that was none once in each later try, and dials again when that is let in", async () => {
    const { did, attempt } = refusing(WRONG, WRONG, undefined, undefined);
    await attempt();
    await attempt();
    await attempt();
    expect(did).toEqual(["dialled", "asked", "asked", "asked", "dialled", "asked"]);
  });

  test("is told what is wrong with its token, and not that it was shown too often", async () => {
    const { attempt } = refusing(WRONG, TOO_MANY);
    await attempt();
    expect(await attempt()).toMatchObject({ code: "wrong_token" });
  });
});
