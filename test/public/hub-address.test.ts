import { expect, test } from "bun:test";
import { hubAddress } from "../../public/hub-address.ts";

test("the hub's page is where the relay has it", () => {
  const satellite = { page: "https://hall:7171/" };
  expect(hubAddress(satellite, "kitchen.lan", "/microphone")).toEqual({
    href: "https://hall:7171/microphone",
    onThisMachine: false,
  });
});

test.each([
  ["http://localhost:7171/", "kitchen.lan", "http://kitchen.lan:7171/"],
  ["http://127.0.0.1:7171/", "192.168.1.20", "http://192.168.1.20:7171/"],
  ["http://[::1]:8080/", "[fd00::20]", "http://[fd00::20]:8080/"],
])("a hub at %s is, for who came to %s, at %s", (page, here, href) => {
  expect(hubAddress({ page }, here, "/")).toEqual({ href, onThisMachine: true });
});

test("a browser on the same machine takes the relay's own address", () => {
  expect(hubAddress({ page: "http://localhost:7171/" }, "127.0.0.1", "/")).toEqual({
    href: "http://localhost:7171/",
    onThisMachine: false,
  });
});
