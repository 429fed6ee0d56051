import { expect, test } from "bun:test";
import fc from "fast-check";
import { appInAHouse } from "./app-in-a-house.ts";

const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
console.log(`garbage in every route: FUZZ_SEED=${seed}`);

const garbage = fc.oneof(
  fc.string(),
  fc.json(),
  fc.constantFrom(
    "",
    "null",
    "{}",
    "[]",
    "0",
    '"x"',
    '{"muted":1}',
    '{"model":"alexa","confidence":1e400}',
    "\u0000",
    "{'a':1}",
  ),
  fc
    .dictionary(
      fc.constantFrom(
        "audio",
        "wake",
        "models",
        "web",
        "threshold",
        "muted",
        "model",
        "forMs",
        "cooldown",
        "__proto__",
      ),
      fc.jsonValue({ maxDepth: 3 }),
    )
    .map((value) => JSON.stringify(value)),
);
const header = fc.constantFrom(
  "application/json",
  "application/json; charset=utf-16",
  "text/plain",
  "multipart/form-data",
  "",
);
const method = fc.constantFrom("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD");
const name = fc.oneof(
  fc.constantFrom(
    "alexa",
    "..",
    "%2e%2e",
    "%",
    "%E0%A4%A",
    "%00",
    "a%2Fb",
    "__proto__",
    "constructor",
    "x".repeat(500),
  ),
  fc.string().map(encodeURIComponent),
);

test("garbage in every route is refused in JSON, is never a defect, and leaves the configuration a configuration", async () => {
  const { app, logged, desk, lived } = appInAHouse({ yaml: "web: {port: 5}\n" });
  const paths = [
    ...new Set(app.routes.filter(({ method }) => method !== "ALL").map(({ path }) => path)),
    "/api",
    "/api/detections?limit=%F0%9F&era[]=x",
    "//",
    "/nothing/at/all",
  ].filter((path) => path !== "/" && !path.endsWith(".js"));
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...paths),
      method,
      header,
      garbage,
      name,
      async (path, method, type, body, model) => {
        const hasBody = method !== "GET" && method !== "HEAD";
        // A password that the fuzz sets would close every door behind it.
        const { password } = desk.current.web;
        const headers: Record<string, string> = { "content-type": type };
        if (password !== undefined) headers.authorization = `Basic ${btoa(`earshot:${password}`)}`;
        const url = `http://localhost:7171${path.replace(":name", model)}`;
        const init = { method, headers, ...(hasBody && { body }) };
        const response = await app.request(url, init, { server: { requestIP: () => null } });
        const text = await response.text();
        const health = path === "/api/health";
        const fine = response.status < 500 || (health && response.status === 503);
        if (!fine) throw new Error(`${response.status}: ${text} ${JSON.stringify(logged.at(-1))}`);
        if (method === "HEAD" || response.status === 204) return;
        const answer = JSON.parse(text) as { error?: { code: unknown; message: unknown } };
        if (response.status >= 400 && !health) {
          expect(typeof answer.error?.code).toBe("string");
          expect(typeof answer.error?.message).toBe("string");
        }
      },
    ),
    { seed, numRuns: 1500 },
  );
  expect(logged).toEqual([]);
  expect(desk.current.web.port).toBeNumber();
  expect(() => lived.house.state()).not.toThrow();
  expect(({} as Record<string, unknown>).threshold).toBeUndefined();
});
