import { describe, expect, test } from "bun:test";
import { hubPage, relayUrl } from "../../src/config/relay-url.ts";

describe("the address of a hub", () => {
  test.each([
    ["hall:7171", "ws://hall:7171/relay"],
    ["hall", "ws://hall:7171/relay"],
    ["hall:8080", "ws://hall:8080/relay"],
    ["http://hall:7171", "ws://hall:7171/relay"],
    ["https://hall", "wss://hall/relay"],
    ["wss://hall/house/relay", "wss://hall/house/relay"],
    ["[::1]:7171", "ws://[::1]:7171/relay"],
  ])("may be written %s", (hub, url) => {
    expect(relayUrl(hub)).toBe(url);
  });

  test.each(["", "ftp://hall", "ws://"])("may not be %p", (hub) => {
    expect(() => relayUrl(hub)).toThrow(TypeError);
  });

  test.each([
    ["hall", "http://hall:7171/"],
    ["wss://hall/house/relay", "https://hall/"],
  ])("%s has its page at %s", (hub, page) => {
    expect(hubPage(hub)).toBe(page);
  });
});
