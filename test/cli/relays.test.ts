import { expect, test } from "bun:test";
import { describeRelays } from "../../src/cli/relays.ts";
import { NOW_MS, relay, state } from "../public/states.ts";

const hall = relay("hall", { kind: "local", address: null });

test("relays are listed with who hears and who does not, and why", () => {
  const relays = [
    hall,
    relay("kitchen", { room: "Kitchen" }),
    relay("porch", { trouble: "muted" }),
    relay("study", { trouble: "no sound comes from its microphone" }),
    relay("attic", { connected: false, since: NOW_MS - 3 * 3_600_000 }),
  ];
  const printed = describeRelays(relays, state({ audio: { state: "open" } }));
  expect(printed.map((line) => line.replace(/, gain .*/, ""))).toEqual([
    "hall     here",
    "kitchen  here, Kitchen",
    "porch    muted",
    "study    hears nothing: no sound comes from its microphone",
    "attic    away for 3 h",
  ]);
});

test("the hub's own microphone is listed as it is: none, muted, or waited for", () => {
  const own = (audio: NonNullable<Parameters<typeof state>[0]>["audio"]) =>
    describeRelays([hall], state({ ...(audio && { audio }) }))[0];
  expect(own({ state: "none" })).toContain("hall  the hub, without a microphone of its own");
  expect(own({ state: "muted", muted: true })).toContain("hall  muted");
  expect(own({ state: "waiting", error: "no capture device" })).toContain("hall  hears nothing: no capture device");
});

test("names of any length stand in one column", () => {
  const long = "a".repeat(63);
  const columns = describeRelays([hall, relay(long)], state({ audio: { state: "open" } })).map((line) =>
    line.indexOf("here"),
  );
  expect(columns).toEqual([65, 65]);
});
