import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SUBPROTOCOL } from "../../src/relay/limits.ts";
import { TokenFile, TokenFileError } from "../../src/relay/token-file.ts";
import { checkUpgrade, type Upgrade } from "../../src/relay/upgrade.ts";

let folder = "";
let path = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "earshot-tokens-"));
  path = join(folder, "tokens.json");
});
afterEach(() => rm(folder, { recursive: true }));

describe("a file of tokens", () => {
  test("that is not there lets nobody in", async () => {
    const file = new TokenFile(path);
    expect(await file.refresh()).toBe(true);
    expect(await file.refresh()).toBe(false);
    expect(file.tokens).toEqual([]);
    expect(file.check("")).toBeUndefined();
  });

  test("knows what it gave out, by the name it is for, and nothing like it", async () => {
    const file = new TokenFile(path);
    const kitchen = await file.add("kitchen", 7);
    const hall = await file.add("hall", 8);
    expect(kitchen).toMatch(/^[\w-]{43}$/);
    expect(file.check(kitchen)?.name).toBe("kitchen");
    expect(file.check(hall)?.name).toBe("hall");
    for (const wrong of ["", "kitchen", kitchen.slice(1), `${kitchen}x`, kitchen.toLowerCase(), "x".repeat(10_000)]) {
      expect(file.check(wrong)).toBeUndefined();
    }
  });

  test("holds no token, only what cannot be turned back, and is its owner's alone", async () => {
    const token = await new TokenFile(path).add("kitchen", 7);
    const text = await readFile(path, "utf8");
    expect(text).not.toContain(token);
    expect(JSON.parse(text)).toEqual({
      version: 1,
      tokens: [{ name: "kitchen", sha256: new Bun.CryptoHasher("sha256").update(token).digest("hex"), createdAtMs: 7 }],
    });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(["tokens.json"]);
  });

  test("is taken up again when another program changed it", async () => {
    const hub = new TokenFile(path);
    await hub.refresh();
    const token = await new TokenFile(path).add("kitchen", 7);
    expect(await hub.refresh()).toBe(true);
    expect(hub.check(token)?.name).toBe("kitchen");
    await new TokenFile(path).revoke("kitchen");
    expect(await hub.refresh()).toBe(true);
    expect(hub.check(token)).toBeUndefined();
  });

  test("gives one token a name, and says whom it does not know", async () => {
    const file = new TokenFile(path);
    await expect(file.revoke("hall")).rejects.toThrow('"hall" has no token: nobody has one');
    await file.add("kitchen", 7);
    await expect(file.add("kitchen", 8)).rejects.toThrow('"kitchen" has a token: revoke it first');
    await expect(file.add("../x", 8)).rejects.toThrow("is no name for a relay");
    await expect(file.revoke("hall")).rejects.toThrow("these have: kitchen");
  });

  test("that others may read is not believed, nor one that is broken; what was read before holds", async () => {
    const file = new TokenFile(path);
    const token = await file.add("kitchen", 7);
    await file.refresh();
    await chmod(path, 0o644);
    await expect(file.refresh()).rejects.toThrow(`can be read by others: chmod 600 ${path}`);
    await chmod(path, 0o600);
    await writeFile(path, "{");
    await expect(file.refresh()).rejects.toThrow(TokenFileError);
    expect(file.check(token)?.name).toBe("kitchen");
  });
});

describe("a request to be a relay", () => {
  const KITCHEN = { name: "kitchen", sha256: "", createdAtMs: 0 };
  const ask = (
    headers: Readonly<Record<string, string>>,
    { address = "192.0.2.9", loopbackNeedsToken = false } = {},
  ): string => {
    const upgrade: Upgrade = checkUpgrade(
      { address, header: (name) => ({ host: "hall:7171", ...headers })[name] },
      {
        check: (token) => (token === "secret" ? KITCHEN : undefined),
        loopbackNeedsToken,
        origins: ["https://panel.example"],
      },
    );
    if (upgrade.kind === "refused") return `${upgrade.status} ${upgrade.code}`;
    return `${upgrade.token?.name ?? "nobody"} ${upgrade.subprotocol ?? "none"}`;
  };
  const here = { host: "localhost:7171" };

  test.each<[string, string, Readonly<Record<string, string>>]>([
    ["kitchen none", "a token in the header", { authorization: "Bearer secret" }],
    ["kitchen none", "a header in another case", { authorization: "bearer  secret" }],
    [
      `kitchen ${SUBPROTOCOL}`,
      "a token among the subprotocols",
      { "sec-websocket-protocol": `${SUBPROTOCOL}, token.secret` },
    ],
    [`kitchen ${SUBPROTOCOL}`, "both", { authorization: "Bearer secret", "sec-websocket-protocol": SUBPROTOCOL }],
    ["kitchen none", "a page of the hub", { authorization: "Bearer secret", origin: "http://hall:7171" }],
    ["kitchen none", "a page that may", { authorization: "Bearer secret", origin: "https://panel.example" }],
    ["401 no_token", "nothing", {}],
    ["401 no_token", "a password", { authorization: "Basic c2VjcmV0" }],
    ["401 wrong_token", "another token", { authorization: "Bearer Secret" }],
    ["401 wrong_token", "an empty token", { "sec-websocket-protocol": `${SUBPROTOCOL}, token.` }],
    [
      "400 unknown_subprotocol",
      "another subprotocol",
      { "sec-websocket-protocol": "mqtt", authorization: "Bearer secret" },
    ],
    ["403 foreign_origin", "a page of elsewhere", { authorization: "Bearer secret", origin: "https://evil.example" }],
    ["403 foreign_origin", "a page of nowhere", { authorization: "Bearer secret", origin: "null" }],
  ])("is answered %s with %s", (answer, _, headers) => {
    expect(ask(headers)).toBe(answer);
  });

  test("of this machine needs no token unless told", () => {
    for (const address of ["127.0.0.1", "::1", "::ffff:127.0.0.1"]) {
      expect(ask(here, { address })).toBe("nobody none");
      expect(ask(here, { address, loopbackNeedsToken: true })).toBe("401 no_token");
    }
    expect(ask({ ...here, authorization: "Bearer wrong" }, { address: "127.0.0.1" })).toBe("401 wrong_token");
  });

  test("that only seems to be of this machine needs one: a proxy's, or a page's under a false name", () => {
    expect(ask({ ...here, "x-forwarded-for": "198.51.100.4" }, { address: "127.0.0.1" })).toBe("401 no_token");
    expect(ask({ host: "evil.example" }, { address: "127.0.0.1" })).toBe("401 no_token");
    expect(ask({ host: "evil.example", origin: "http://evil.example" }, { address: "127.0.0.1" })).toBe("401 no_token");
    expect(ask({ host: "" }, { address: "127.0.0.1" })).toBe("401 no_token");
    expect(ask(here, { address: "192.0.2.1" })).toBe("401 no_token");
  });
});
