import { describe, expect, test } from "bun:test";
import { createActions, readNotice } from "../../public/actions.ts";

function lab(answer: () => Response) {
  const asked: { readonly path: string; readonly method: string | undefined; readonly body: unknown }[] = [];
  const actions = createActions(async (path, request) => {
    asked.push({ path, method: request.method, body: JSON.parse(String(request.body)) });
    return answer();
  });
  return { actions, asked };
}

describe("createActions()", () => {
  test("asks for what the user wants, by POST with JSON", async () => {
    const { actions, asked } = lab(() => Response.json({ applied: [] }));
    expect(await actions.setMuted(true)).toBeNull();
    expect(await actions.reset()).toBeNull();
    expect(await actions.setModel("alexa", { threshold: 0.6 })).toBeNull();
    expect(await actions.setModel("a/b", { enabled: false })).toBeNull();
    expect(asked).toEqual([
      { path: "/api/mute", method: "POST", body: { muted: true } },
      { path: "/api/reset", method: "POST", body: {} },
      { path: "/api/config/models/alexa", method: "POST", body: { threshold: 0.6 } },
      { path: "/api/config/models/a%2Fb", method: "POST", body: { enabled: false } },
    ]);
  });

  test("hands on the reason of a refusal", async () => {
    const error = { code: "fixed", message: "It is fixed by the environment.", hint: "Unset it." };
    const { actions } = lab(() => Response.json({ error }, { status: 409 }));
    expect(await actions.setMuted(true)).toEqual({ title: "It is fixed by the environment.", hint: "Unset it." });
  });

  test("says something readable when the answer is no JSON", async () => {
    const { actions } = lab(() => new Response("<h1>Bad gateway</h1>", { status: 502 }));
    expect(await actions.reset()).toEqual({ title: "Earshot refused this (HTTP 502).", hint: null });
  });

  test("says that nothing was changed when nobody answers", async () => {
    const { actions } = lab(() => {
      throw new TypeError("Failed to fetch");
    });
    expect((await actions.reset())?.title).toContain("nothing was changed");
  });
});

test("readNotice() survives any answer", () => {
  for (const body of [null, 1, "x", [], {}, { error: null }, { error: { message: 3, hint: {} } }]) {
    expect(readNotice(400, body)).toEqual({ title: "Earshot refused this (HTTP 400).", hint: null });
  }
});
