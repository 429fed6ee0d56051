import { describe, expect, test } from "bun:test";
import { type AppFixtureOptions, appInAHouse } from "./app-in-a-house.ts";
import { EPOCH_MS } from "./lived-in-house.ts";

const refusal = (code: string, message: unknown = expect.any(String)) => ({
  error: expect.objectContaining({ code, message }),
});

describe("what the API says, under the keys of both eras", () => {
  test("GET /api/activation", async () => {
    const { get, lived } = appInAHouse();
    const { status, body } = await get("/api/activation");
    expect(status).toBe(200);
    expect(body).toMatchObject({
      current_rms: 0.25,
      is_active: true,
      is_listening: false,
      last_update: (EPOCH_MS + lived.nowMs) / 1000,
      listening: true,
      active: true,
      status: "Listening for wake word...",
    });
  });

  test("GET /api/audio/rms", async () => {
    const { get, lived } = appInAHouse();
    const at = (EPOCH_MS + lived.nowMs) / 1000;
    expect((await get("/api/audio/rms")).body).toEqual({
      rms: 0.25,
      current_rms: 0.25,
      is_active: true,
      is_listening: false,
      last_update: at,
      timestamp: at,
    });
  });

  test("GET /api/detections: an object, and the bare array of the seed", async () => {
    const { get, lived } = appInAHouse();
    for (const word of ["alexa", "hey_jarvis", "alexa"]) lived.detect(word);
    lived.house.look();
    const { body } = await get("/api/detections");
    const detections = body.detections as unknown[];
    expect(detections).toHaveLength(3);
    expect(detections[0]).toMatchObject({
      model: "alexa",
      model_name: "alexa",
      label: "alexa",
      confidence: 0.93,
      timestamp: EPOCH_MS + lived.nowMs,
    });
    expect((await get("/api/detections?era=seed")).body).toEqual(detections as never);
    expect((await get("/api/detections?era=today&limit=2")).body.detections).toHaveLength(2);
  });

  test("GET /api/models and a model's settings", async () => {
    const { get } = appInAHouse();
    expect((await get("/api/models")).body).toMatchObject({
      models: [
        { name: "alexa", enabled: true, active: true, threshold: 0.5, sensitivity: 0.5 },
        { name: "hey_jarvis" },
      ],
    });
    expect((await get("/api/config/models/alexa")).body).toEqual({
      enabled: true,
      active: true,
      threshold: 0.5,
      sensitivity: 0.5,
      patience: 2,
      refractory: 2000,
      sure: 0.95,
      vad_threshold: null,
      input_scale: null,
      api_url: null,
      webhook_url: null,
      topic: null,
    });
  });

  test("GET /api/config/global", async () => {
    const { get } = appInAHouse({ yaml: "wake: {cooldown: 1500ms, rms_filter: 50}\n" });
    expect((await get("/api/config/global")).body).toEqual({
      rms_filter: 50,
      cooldown: 1.5,
      cooldown_s: 1.5,
      multi_trigger: true,
      vad_threshold: 0.8,
    });
  });

  test("GET /api/health: 200 while it is ok or degraded, 503 when a word would go unnoticed", async () => {
    const { get, lived } = appInAHouse();
    expect(await get("/api/health")).toMatchObject({ status: 200, body: { status: "ok" } });
    lived.house.mute(true);
    expect(await get("/api/health")).toMatchObject({ status: 200, body: { status: "degraded" } });
    lived.house.mute(false);
    lived.setCapture("waiting", "no device");
    expect(await get("/api/health")).toMatchObject({
      status: 503,
      body: { status: "down", reasons: [{ code: "no_microphone", message: "no audio: no device" }] },
    });
  });

  test("GET /api/config never shows a key of those who understand and answer, and nobody can send speech elsewhere", async () => {
    const { app, post, desk } = appInAHouse({
      yaml: "command: {sink: {kind: openai, url: http://127.0.0.1:9, api_key: a-very-secret-one}}\n",
    });
    const text = await (await app.request("/api/config")).text();
    expect(text).toContain("http://127.0.0.1:9");
    expect(text).not.toContain("a-very-secret-one");
    const refused = await post("/api/config", { command: { sink: { url: "http://127.0.0.1:10" } } });
    expect(refused.status).toBe(409);
    expect(JSON.stringify(refused)).not.toContain("a-very-secret-one");
    expect(desk.current.command.sink).toMatchObject({ url: "http://127.0.0.1:9" });
  });

  test("GET /earshot-ca.crt wants no password: a phone that does not trust the hub yet must not say it", async () => {
    const { app } = appInAHouse({ yaml: "web: {password: a very secret one}\n", authority: "PEM" });
    const answer = await app.request("http://localhost/earshot-ca.crt");
    expect([answer.status, await answer.text()]).toEqual([200, "PEM"]);
    expect((await app.request("http://localhost/api/state")).status).toBe(401);
  });

  test("GET /api/config never shows the password", async () => {
    const { app } = appInAHouse({ yaml: "web: {password: a very secret one}\n" });
    const headers = { authorization: `Basic ${btoa("earshot:a very secret one")}` };
    const text = await (await app.request("/api/config", { headers })).text();
    const rest = { tls: {}, loopback_needs_token: false, origins: [] };
    expect(JSON.parse(text).web).toEqual({ host: "127.0.0.1", port: 7171, ...rest });
    expect(text).not.toContain("secret");
  });

  test("what GET /api/config gives can be sent back whole, and changes what was changed in it", async () => {
    const { get, post } = appInAHouse({ yaml: "web: {port: 8080} # mine\n" });
    const { body } = await get("/api/config");
    const back = structuredClone(body) as { audio: { gain: number } };
    back.audio.gain = 3;
    expect((await post("/api/config", back)).body).toMatchObject({ applied: ["audio.gain"] });
  });

  test("GET /api/state and /api/history", async () => {
    const { get } = appInAHouse();
    expect((await get("/api/state")).body).toMatchObject({
      name: "kitchen-pi",
      version: "1.2.3",
      method: "shared_memory",
    });
    expect((await get("/api/history")).body).toMatchObject({
      models: ["alexa", "hey_jarvis"],
      frames: [{ rms: 0.25 }],
    });
  });
});

describe("what the API does", () => {
  test("POST /api/config changes settings, writes them and says what was applied", async () => {
    const { post, file, desk } = appInAHouse({ yaml: "audio:\n  gain: 1 # dB\n" });
    expect(await post("/api/config", { audio: { gain: 4 }, web: { port: 8 } })).toMatchObject({
      status: 200,
      body: { applied: ["audio.gain"], needsRestart: ["web.port"], pending: [], written: true, file: "earshot.yaml" },
    });
    expect(file()).toBe("audio:\n  gain: 4 # dB\nweb:\n  port: 8\n");
    expect(desk.current.audio.gain).toBe(4);
  });

  test.each([
    [{ cooldown: 1.1 }, { cooldown: 1100 }],
    [{ cooldown_s: 2 }, { cooldown: 2000 }],
    // A client of the seed's era sends back all that it got, with one name changed.
    [{ cooldown: 0, cooldown_s: 2 }, { cooldown: 2000 }],
    [
      { rms_filter: 0, multi_trigger: false, vad_threshold: null },
      { rms_filter: 0, multi_trigger: false, vad_threshold: 0.8 },
    ],
    [{ vad_threshold: 0 }, { vad_threshold: 0 }],
  ])("POST /api/config/global %j", async (body, wake) => {
    const { post, desk } = appInAHouse({ yaml: "wake: {rms_filter: 3}\n" });
    expect((await post("/api/config/global", body)).status).toBe(200);
    expect(desk.current.wake).toMatchObject(wake);
  });

  test.each([
    [{ threshold: 0.7 }, { threshold: 0.7 }],
    [{ sensitivity: 0.3 }, { threshold: 0.7 }],
    [{ active: false }, { enabled: false }],
    [
      { threshold: 0.5, sensitivity: 0.3, enabled: true, active: false },
      { threshold: 0.7, enabled: false },
    ],
    [
      { enabled: false, patience: 2, refractory: 0 },
      { enabled: false, patience: 2, refractory: 0 },
    ],
    [{ webhook_url: null, api_url: null, topic: null }, {}],
    [
      { webhook_url: "http://127.0.0.1:9/x", topic: "home" },
      { webhook_url: "http://127.0.0.1:9/x", topic: "home" },
    ],
    [
      { sure: 0.95, vad_threshold: 0.5, input_scale: "int16" },
      { sure: 0.95, vad_threshold: 0.5, input_scale: "int16" },
    ],
  ])("POST /api/config/models/alexa %j", async (body, model) => {
    const { post, desk } = appInAHouse();
    expect((await post("/api/config/models/alexa", body)).status).toBe(200);
    expect(desk.current.wake.models.alexa).toMatchObject(model);
    expect(desk.current.wake.models.hey_jarvis).toEqual({ enabled: true, patience: 2, refractory: 2000, sure: 0.95 });
  });

  test("settings of a model that are sent back unset write nothing, and one that is set is taken back, comments kept", async () => {
    const yaml =
      "wake:\n  models:\n    alexa: # mine\n      sure: 0.9 # quick\n      patience: 2 # steady\n    hey_jarvis:\n";
    const { get, post, file, desk } = appInAHouse({ yaml });
    const { body } = await get("/api/config/models/hey_jarvis");
    expect(body).toMatchObject({ sure: 0.95, vad_threshold: null, input_scale: null });
    await post("/api/config/models/hey_jarvis", body);
    expect(file()).toBe(yaml);
    await post("/api/config/models/alexa", { sure: null, vad_threshold: 0.25, input_scale: null });
    expect(file()).toBe(
      "wake:\n  models:\n    alexa: # mine\n      patience: 2 # steady\n      vad_threshold: 0.25\n    hey_jarvis:\n",
    );
    expect(desk.current.wake.models.alexa).toEqual({
      enabled: true,
      patience: 2,
      refractory: 2000,
      sure: 0.95,
      vad_threshold: 0.25,
    });
  });

  test("null takes any setting of a model back to what it was by default, under each of its names", async () => {
    const yaml = (settings: string) => `wake:\n  models:\n    alexa: {${settings}}\n`;
    for (const [setting, body] of [
      ["threshold: 0.7", { threshold: null }],
      ["threshold: 0.7", { sensitivity: null }],
      ["patience: 4", { patience: null }],
      ["refractory: 9s", { refractory: null }],
    ] as const) {
      const { post, desk, file } = appInAHouse({ yaml: yaml(`sure: 0.9, ${setting}`) });
      expect((await post("/api/config/models/alexa", body)).status).toBe(200);
      expect(desk.current.wake.models.alexa).toEqual({ enabled: true, patience: 2, refractory: 2000, sure: 0.9 });
      expect(file()).not.toContain(setting);
    }
    const { post, file } = appInAHouse({ yaml: yaml("sure: 0.9") });
    const unset = { threshold: null, sensitivity: null, patience: null, refractory: null };
    for (const model of ["alexa", "hey_jarvis"]) {
      expect((await post(`/api/config/models/${model}`, unset)).status).toBe(200);
      expect(file()).toBe(yaml("sure: 0.9"));
    }
  });

  test("POST /api/mute, /api/reset and /api/simulate", async () => {
    const { post, lived } = appInAHouse();
    expect(await post("/api/simulate", { model: "alexa", forMs: 5000 })).toMatchObject({
      status: 200,
      body: { model: "alexa", confidence: 1, simulated: true },
    });
    expect(lived.house.state().activation.state).toBe("awake");
    expect((await post("/api/reset", "")).body).toEqual({ ok: true });
    expect(lived.house.state().activation.state).toBe("armed");
    expect((await post("/api/mute", { muted: true })).body).toEqual({ muted: true });
    expect(lived.house.muted).toBe(true);
  });
});

describe("a request that is wrong is refused in one shape:", () => {
  test.each([
    ["bad JSON", "/api/config", '{"audio":', 400, "bad_request"],
    ["an empty body", "/api/config", "", 400, "bad_request"],
    ["no object", "/api/config", "[1]", 400, "bad_request"],
    ["an unknown setting", "/api/config", '{"audio":{"gian":1}}', 400, "bad_setting"],
    ["a value out of bounds", "/api/config", '{"audio":{"gain":100}}', 400, "bad_setting"],
    ["a value of another kind", "/api/config/models/alexa", '{"threshold":"high"}', 400, "bad_request"],
    ["a threshold out of bounds", "/api/config/models/alexa", '{"threshold":1.5}', 400, "bad_setting"],
    ["an unknown scale", "/api/config/models/alexa", '{"input_scale":"int8"}', 400, "bad_request"],
    ["a veto out of bounds", "/api/config/global", '{"vad_threshold":1.5}', 400, "bad_setting"],
    ["a setting that is not supported", "/api/config/models/alexa", '{"api_url":"http://x"}', 400, "bad_request"],
    ["an unknown setting of a model", "/api/config/models/alexa", '{"treshold":0.5}', 400, "bad_request"],
    ["an unknown global setting", "/api/config/global", '{"cool_down":1}', 400, "bad_request"],
    ["an unknown model", "/api/config/models/nobody", '{"threshold":0.5}', 404, "no_such_model"],
    ["no muted", "/api/mute", "{}", 400, "bad_request"],
    ["a simulation of a word that is not there", "/api/simulate", '{"model":"alexxa"}', 404, "no_such_model"],
    ["a simulation of nothing", "/api/simulate", "{}", 400, "bad_request"],
    ["a simulation for too long", "/api/simulate", '{"model":"alexa","forMs":1e9}', 400, "bad_request"],
    ["an unknown route", "/api/nothing", "{}", 404, "not_found"],
    ["a wrong method", "/api/activation", "{}", 404, "not_found"],
    ["what reaches for all objects", "/api/config", '{"wake":{"__proto__":{"toString":null}}}', 400, "bad_setting"],
  ])("%s", async (_what, path, body, status, code) => {
    const { post, file } = appInAHouse();
    const answer = await post(path, body);
    expect(answer).toMatchObject({ status, body: refusal(code) });
    expect(answer.response.headers.get("content-type")).toStartWith("application/json");
    expect(file()).toBe("");
  });

  test.each(["limit=0", "limit=many", "limit=1.5", "limit=101", "era=tomorrow"])("a query of %s", async (query) => {
    expect(await appInAHouse().get(`/api/detections?${query}`)).toMatchObject({
      status: 400,
      body: refusal("bad_request"),
    });
  });

  test("a setting that the environment fixes", async () => {
    const overrides = [{ path: ["audio", "gain"], value: 2, origin: "EARSHOT_AUDIO__GAIN" }];
    expect(await appInAHouse({ overrides }).post("/api/config", { audio: { gain: 3 } })).toMatchObject({
      status: 409,
      body: refusal("fixed_setting", expect.stringContaining("EARSHOT_AUDIO__GAIN")),
    });
  });

  test("a body of another type than JSON", async () => {
    for (const path of ["/api/config", "/api/config/global", "/api/config/models/alexa", "/api/mute"]) {
      for (const type of ["text/plain", "application/x-www-form-urlencoded", ""]) {
        const { post } = appInAHouse();
        const { status, body } = await post(path, '{"muted":true}', { "content-type": type });
        expect({ path, type, status, body }).toMatchObject({ path, type, status: 400, body: refusal("bad_request") });
      }
    }
  });

  test("a body that is too large", async () => {
    const { post } = appInAHouse();
    const body = JSON.stringify({ audio: { source: "x".repeat(70_000) } });
    expect(await post("/api/config", body)).toMatchObject({ status: 413, body: refusal("too_large") });
  });

  test("a body that is too large and does not say so", async () => {
    const { app } = appInAHouse();
    const pieces = new ReadableStream({
      start(controller) {
        for (let piece = 0; piece < 20; piece++) controller.enqueue(new TextEncoder().encode("x".repeat(8192)));
        controller.close();
      },
    });
    const headers = { "content-type": "application/json", "transfer-encoding": "chunked" };
    const response = await app.request("/api/config", { method: "POST", body: pieces, headers });
    expect([response.status, await response.json()]).toEqual([413, refusal("too_large")]);
  });

  test("the WebSocket asked for without one", async () => {
    expect(await appInAHouse().get("/ws")).toMatchObject({ status: 426, body: refusal("websocket_only") });
  });

  test("a defect of ours, which is logged and not shown", async () => {
    const { get, logged } = appInAHouse({ healthFails: true });
    const { status, body } = await get("/api/health");
    expect([status, body]).toEqual([500, refusal("defect")]);
    expect(JSON.stringify(body)).not.toContain("microphone");
    expect(logged).toMatchObject([
      {
        event: "defect",
        fields: { path: "/api/health", error: expect.stringContaining("undefined is not a microphone") },
      },
    ]);
  });
});

describe("who may come in", () => {
  const ask = async (url: string, init: RequestInit = {}, options: AppFixtureOptions = {}) => {
    const response = await appInAHouse(options).app.request(url, init);
    return { status: response.status, body: await response.json(), response };
  };
  const post = (headers: Record<string, string>): RequestInit => ({
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: '{"muted":true}',
  });
  const guarded = { yaml: "web: {password: long enough}\n" };
  const knowing = (text: string) => ({ authorization: `Basic ${btoa(text)}` });

  test.each(["http://localhost:7171", "http://127.0.0.1:7171", "http://127.9.9.9", "http://[::1]:7171"])(
    "without a password: whoever calls it %s",
    async (base) => {
      expect((await ask(`${base}/api/activation`)).status).toBe(200);
    },
  );

  test.each([
    "http://evil.example",
    "http://127.0.0.1.evil.example",
    "http://192.168.1.5:7171",
    "http://localhost.evil",
  ])("not a page that gives its own name our address: %s", async (base) => {
    for (const path of ["/", "/api/activation", "/ws", "/openapi.json", "/nothing"]) {
      expect(await ask(`${base}${path}`)).toMatchObject({ status: 403, body: refusal("foreign_host") });
    }
  });

  test("with a password, by any name, whoever knows it", async () => {
    const init = { headers: knowing("earshot:long enough") };
    expect((await ask("http://kitchen.local:7171/api/activation", init, guarded)).status).toBe(200);
  });

  test.each([
    ["nothing", {}],
    ["a wrong one", knowing("earshot:wrong")],
    ["another name", knowing("admin:long enough")],
    ["half a header", { authorization: "Basic" }],
    ["no base64", { authorization: "Basic %%%" }],
    ["another scheme", { authorization: "Bearer long enough" }],
  ])("not who has %s", async (_what, headers) => {
    for (const path of ["/", "/api/activation", "/api/health", "/ws", "/openapi.json", "/nothing"]) {
      const { status, body, response } = await ask(`http://localhost${path}`, { headers }, guarded);
      expect({ path, status, body }).toEqual({ path, status: 401, body: refusal("password_needed") });
      expect(response.headers.get("www-authenticate")).toBe('Basic realm="Earshot"');
    }
  });

  test("a password that is set while running counts from the next request on", async () => {
    const fixture = appInAHouse();
    expect((await fixture.get("/api/state")).status).toBe(200);
    expect((await fixture.post("/api/config", { web: { password: "long enough" } })).status).toBe(200);
    expect((await fixture.get("/api/state")).status).toBe(401);
    expect((await fixture.get("/api/state", knowing("earshot:long enough"))).status).toBe(200);
  });

  test("a page of another origin may look at nothing through a WebSocket and change nothing", async () => {
    const foreign = { origin: "http://evil.example", host: "localhost:7171" };
    expect(await ask("http://localhost:7171/api/mute", post(foreign))).toMatchObject({
      status: 403,
      body: refusal("foreign_origin"),
    });
    const upgrade = { headers: { ...foreign, upgrade: "websocket" } };
    expect(await ask("http://localhost:7171/ws", upgrade)).toMatchObject({
      status: 403,
      body: refusal("foreign_origin"),
    });
    for (const origin of ["null", "http://localhost:9999", "file://", "nonsense"]) {
      expect((await ask("http://localhost:7171/api/mute", post({ ...foreign, origin }))).status).toBe(403);
    }
  });

  test("our own page may, and a program that says nothing of an origin", async () => {
    const own = { origin: "http://localhost:7171", host: "localhost:7171" };
    expect((await ask("http://localhost:7171/api/mute", post(own))).status).toBe(200);
    expect((await ask("http://localhost:7171/api/mute", post({}))).status).toBe(200);
  });
});

describe("the page", () => {
  test("comes with what keeps other pages out of it", async () => {
    const response = await appInAHouse().app.request("/");
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/html");
    expect(response.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  });

  test("is not sent again to who has it", async () => {
    const { app } = appInAHouse();
    expect((await app.request("/main-2412sjxz.js", { headers: { "if-none-match": '"b"' } })).status).toBe(304);
    expect((await app.request("/main-2412sjxz.js", { headers: { "if-none-match": '"old"' } })).status).toBe(200);
    expect((await app.request("/main-2412sjxz.js")).headers.get("cache-control")).toContain("immutable");
    expect((await app.request("/sound-worklet.js")).headers.get("cache-control")).toBe("no-cache");
    expect((await app.request("/")).headers.get("cache-control")).toBe("no-cache");
  });
});

describe("/openapi.json", () => {
  interface OpenApi {
    readonly openapi: string;
    readonly info: { readonly title: string; readonly version: string };
    readonly paths: Record<
      string,
      Record<string, { readonly responses: Record<string, { readonly description: string }> }>
    >;
    readonly components: { readonly schemas: Record<string, unknown> };
  }

  test("describes every route but the page, the WebSockets and itself", async () => {
    const { app, get } = appInAHouse();
    const { paths } = (await get("/openapi.json")).body as unknown as OpenApi;
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const routes = app.routes
      .filter(
        ({ method, path }) =>
          method !== "ALL" &&
          !["/", "/main-2412sjxz.js", "/sound-worklet.js", "/ws", "/relay", "/openapi.json"].includes(path),
      )
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`);
    expect(described.sort()).toEqual([...new Set(routes)].sort());
    expect(described).toContain("POST /api/config/models/{name}");
  });

  test("is OpenAPI 3.1 whose references all lead somewhere", async () => {
    const { get } = appInAHouse();
    const { body } = await get("/openapi.json");
    const document = body as unknown as OpenApi;
    expect(document.openapi).toBe("3.1.0");
    expect(document.info).toEqual({ title: "Earshot", version: "1.2.3" });
    const references = [...JSON.stringify(body).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
      ([, name]) => name,
    );
    expect(references.length).toBeGreaterThan(5);
    for (const name of references) expect(Object.keys(document.components.schemas)).toContain(name ?? "");
    for (const methods of Object.values(document.paths)) {
      for (const { responses } of Object.values(methods)) {
        expect(Object.keys(responses)).toContain("200");
        for (const { description } of Object.values(responses)) expect(description).not.toBe("");
      }
    }
    const named = document.paths["/api/config/models/{name}"]?.post as unknown as { parameters: unknown[] };
    expect(named.parameters).toMatchObject([{ name: "name", in: "path", required: true }]);
  });
});
