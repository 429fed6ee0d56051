import { describe, expect, test } from "bun:test";
import { pseudonyms } from "../../src/log/pseudonyms.ts";

describe("other names for relays", () => {
  const named = pseudonyms(1234);

  test("stand in every field that names one, and are the same for the same", () => {
    const joined = named({ relay: "kitchen", address: "10.0.0.7", round: 3 });
    const won = named({ relay: "hall", winner: "kitchen", why: "kitchen sink" });
    expect(joined.relay).toMatch(/^~[0-9a-f]{8}$/);
    expect(won.winner).toBe(joined.relay);
    expect(won.relay).not.toBe(joined.relay);
    expect(joined.address).not.toBe("10.0.0.7");
    expect(joined.round).toBe(3);
    expect(won.why).toBe("kitchen sink");
  });

  test("stand in lists of names too, and in the settings of relays", () => {
    const { relays, applied } = named({ relays: ["kitchen", "hall"], applied: ["relays.kitchen.gain", "audio.gain"] });
    expect(relays).toEqual([named({ relay: "kitchen" }).relay, named({ relay: "hall" }).relay]);
    expect(applied).toEqual(["relays.~.gain", "audio.gain"]);
  });

  test("stand within errors and addresses", () => {
    const { error, path } = named({
      error: "line 3, column 5: relays.secret kitchen.gain: too big, relays.attic: unknown",
      path: "/api/relays/secret%20kitchen/trust",
    });
    expect(error).toBe("line 3, column 5: relays.~.gain: too big, relays.~: unknown");
    expect(path).toBe("/api/relays/~/trust");
  });

  test("are others at the next start", () => {
    expect(pseudonyms(1235)({ relay: "kitchen" })).not.toEqual(named({ relay: "kitchen" }));
  });

  test("stand for names alone: what is empty or unknown stays so", () => {
    expect(named({ relay: "", winner: undefined, source: null })).toEqual({
      relay: "",
      winner: undefined,
      source: null,
    });
  });
});
