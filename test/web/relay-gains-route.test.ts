import { describe, expect, test } from "bun:test";
import { OpenAPIHono } from "@hono/zod-openapi";
import { addRelayGainsRoutes } from "../../src/web/routes/relay-gains.ts";
import type { CalibrationView } from "../../src/web/schemas/calibration.ts";
import { WebError } from "../../src/web/web-error.ts";
import { relay } from "../public/states.ts";

const NONE: CalibrationView = { calibration: 0, phase: "none", set: false, why: null, relays: [] };

function app() {
  const said: string[] = [];
  const hono = new OpenAPIHono({
    defaultHook: ({ success }) => {
      if (!success) throw new WebError(400, "bad_request", "bad");
    },
  });
  addRelayGainsRoutes(hono, {
    relays: () => [relay("hall"), relay("Küche 2")],
    forgetGain: (id) => said.push(`forget ${id}`),
    trust: (id) => said.push(`trust ${id}`) > 1,
    calibrate: (listenMs) => {
      said.push(`calibrate ${listenMs}`);
      return { ...NONE, calibration: 1, phase: "listening" };
    },
    calibration: () => NONE,
  });
  hono.onError((error) =>
    Response.json({ code: error instanceof WebError ? error.code : `${error}` }, { status: 400 }),
  );
  const ask = async (method: string, path: string, body?: unknown) => {
    const init = { method, headers: { "content-type": "application/json" } };
    const answer = await hono.request(path, body === undefined ? { method } : { ...init, body: JSON.stringify(body) });
    return (await answer.json()) as unknown;
  };
  return { said, ask };
}

describe("what is said of a relay", () => {
  test("reaches it by its name, whatever that is", async () => {
    const { said, ask } = app();
    const name = encodeURIComponent("Küche 2");
    expect(await ask("POST", `/api/relays/${name}/trust`)).toEqual({ ok: true, changed: false });
    expect(await ask("POST", `/api/relays/${name}/trust`)).toEqual({ ok: true, changed: true });
    expect(await ask("POST", `/api/relays/${name}/forget-gain`)).toEqual({ ok: true });
    expect(said).toEqual(["trust Küche 2", "trust Küche 2", "forget Küche 2"]);
  });

  test("is refused where there is none of that name", async () => {
    const { said, ask } = app();
    expect(await ask("POST", "/api/relays/attic/trust")).toEqual({ code: "no_such_relay" });
    expect(await ask("POST", "/api/relays/attic/forget-gain")).toEqual({ code: "no_such_relay" });
    expect(said).toEqual([]);
  });
});

describe("a calibration", () => {
  test("begins for as long as is asked for, within what relays can look back at, and is told of", async () => {
    const { said, ask } = app();
    expect(await ask("POST", "/api/calibrate", {})).toMatchObject({ calibration: 1, phase: "listening" });
    await ask("POST", "/api/calibrate", { listenMs: 2000 });
    expect(await ask("POST", "/api/calibrate", { listenMs: 60_000 })).toEqual({ code: "bad_request" });
    expect(await ask("POST", "/api/calibrate", { loud: true })).toEqual({ code: "bad_request" });
    expect(said).toEqual(["calibrate 5000", "calibrate 2000"]);
    expect(await ask("GET", "/api/calibrate")).toEqual(NONE);
  });
});
