import { afterEach, beforeEach, expect, spyOn, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tokenCommand } from "../../src/cli/token.ts";
import { TokenFile, tokenFilePath } from "../../src/relay/token-file.ts";

let folder = "";
let config = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "earshot-token-"));
  config = join(folder, "earshot.yaml");
});
afterEach(() => rm(folder, { recursive: true }));

async function earshotToken(...words: string[]): Promise<string> {
  const printed: string[] = [];
  const log = spyOn(console, "log").mockImplementation((line: string) => printed.push(line));
  try {
    await tokenCommand().parseAsync([...words, "--config", config], { from: "user" });
  } finally {
    log.mockRestore();
  }
  return printed.join("\n");
}

test("earshot token add prints a token that the hub beside that configuration knows", async () => {
  const token = await earshotToken("add", "kitchen");
  const hub = new TokenFile(tokenFilePath(config));
  await hub.refresh();
  expect(hub.check(token)?.name).toBe("kitchen");
  expect(JSON.parse(await earshotToken("add", "hall", "--json"))).toEqual({ name: "hall", token: expect.any(String) });
});

test("earshot token list tells the names and never a token, and revoke takes one back", async () => {
  expect(await earshotToken("list")).toStartWith("nobody has a token");
  const token = await earshotToken("add", "kitchen");
  const listed = await earshotToken("list");
  expect(listed).toMatch(/^kitchen +since \d{4}-/);
  expect(listed).not.toContain(token);
  expect(await earshotToken("revoke", "kitchen")).toBe("kitchen may not come in any more");
  expect(await earshotToken("list", "--json")).toBe("[]");
  await expect(earshotToken("revoke", "kitchen")).rejects.toThrow("nobody has one");
});
