import { describe, expect, test } from "bun:test";
import { configSchema } from "../../src/config/schema.ts";
import { OwnPapers } from "../../src/relay/own-papers.ts";

const PEM = "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n";

/** Files by their path, which the test may change. */
function papersOf(files: Record<string, string>) {
  const settings = configSchema.parse({ relay: { hub: "hall", token_file: "a.token", ca_file: "ca.crt" } }).relay;
  return new OwnPapers({
    settings,
    readText: async (path) => {
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: "ENOENT" });
      return text;
    },
  });
}

describe("a relay's papers", () => {
  test("are what its files say", async () => {
    const papers = papersOf({ "a.token": " secret\n", "ca.crt": PEM });
    await papers.refresh();
    expect([papers.token, papers.authority, papers.trouble]).toEqual(["secret", PEM, undefined]);
  });

  test("say which setting names a file that is not there, and what to do", async () => {
    const files: Record<string, string> = { "ca.crt": PEM };
    const papers = papersOf(files);
    await papers.refresh();
    expect(papers.trouble).toBe(
      "relay.token_file: there is no file a.token; earshot token add NAME on the hub makes a token for it",
    );
    expect(papers.authority).toBe(PEM);
    files["a.token"] = "secret";
    await papers.refresh();
    expect([papers.token, papers.trouble]).toEqual(["secret", undefined]);
  });

  test("say that a token is empty, and that an authority is none", async () => {
    const papers = papersOf({ "a.token": "\n", "ca.crt": "secret" });
    await papers.refresh();
    expect(papers.trouble).toContain("relay.token_file: a.token is empty");
    expect(papers.trouble).toContain("relay.ca_file: ca.crt is no certificate");
  });
});
