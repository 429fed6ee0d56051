import { describe, expect, test } from "bun:test";
import { resolve } from "node:path";
import { hubOverrides } from "../../src/cli/hub.ts";
import { relayOverrides } from "../../src/cli/relay.ts";
import { overridesFromEnvironment } from "../../src/config/environment.ts";
import { configOf } from "../config/sources.ts";
import { runCommand } from "../support/running-earshot.ts";

const relayOf = (flags: Parameters<typeof relayOverrides>[0], yaml = "") => configOf(yaml, relayOverrides(flags)).relay;

describe("earshot relay", () => {
  test("makes settings of its flags, which win over the file", () => {
    const yaml = "relay: { hub: attic, id: cellar, while_away: silent }";
    const flags = { hub: "hall:7171", tokenFile: "t", caFile: "c", whileAway: "alone", audioOnly: true } as const;
    expect(relayOf(flags, yaml)).toEqual({
      ...{ hub: "hall:7171", id: "cellar", while_away: "alone", audio_only: true },
      ...{ token_file: resolve("t"), ca_file: resolve("c") },
    });
  });

  test("says nothing where no flag does", () => {
    expect(relayOf({}, "relay: { hub: attic }")).toEqual({ hub: "attic", while_away: "silent", audio_only: false });
  });

  test("has its page beside that of a hub on the same machine, unless it is told where", () => {
    expect(configOf("", relayOverrides({ hub: "hall" })).web.port).toBe(7172);
    expect(configOf("web: { port: 8080 }", relayOverrides({ hub: "hall" })).web.port).toBe(8080);
    expect(configOf("").web.port).toBe(7171);
  });

  test("takes its token from the environment, as text", () => {
    const overrides = overridesFromEnvironment({ EARSHOT_RELAY_TOKEN: "12345" });
    expect(configOf("", overrides).relay.token).toBe("12345");
  });

  test.each([
    [["relay"], "which hub? --hub hall:7171 says it"],
    [["relay", "--hub", "ftp://hall"], "the address of a hub is expected"],
    [["relay", "--hub", "hall", "--while-away", "asleep"], "Allowed choices are silent, alone"],
  ])("refuses %p before it runs", async (args, message) => {
    const { code, stderr } = await runCommand(args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});

describe("earshot hub", () => {
  const hubOf = (flags: Parameters<typeof hubOverrides>[0], yaml: string) => configOf(yaml, hubOverrides(flags));

  test("opens no microphone, whatever the file says, and is no relay", () => {
    const config = hubOf({}, "audio: { source: default }\nrelay: { hub: hall }");
    expect(config.audio.source).toBe("none");
    expect(config.relay.hub).toBeUndefined();
    expect(config.web.port).toBe(7171);
  });

  test("opens the one that a flag names", () => {
    expect(hubOf({ source: "USB" }, "audio: { source: USB }").audio.source).toBe("USB");
  });
});
