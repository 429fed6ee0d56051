import { describe, expect, test } from "bun:test";
import { describeMember } from "../../public/members.ts";

const QUIET = { hub: "hall", state: "armed", relay: null };
const attic = { id: "attic", room: null, status: 0 };

describe("of one in the house it is said", () => {
  test.each([
    [0, "armed", null, "ok", "Connected"],
    [1, "arbitrating", "attic", "busy", "Heard a wake word"],
    [2, "awake", "attic", "busy", "Answers"],
    [2, "recording", "attic", "busy", "Recording what you say"],
    [2, "processing", "attic", "busy", "Working out what you said"],
    // The house speaks of its newest word, which is another's.
    [2, "recording", "study", "busy", "Answers"],
    [3, "recording", "study", "unknown", "Leaves it to study"],
    [3, "off", null, "unknown", "Leaves it to another"],
    [3, "recording", "attic", "unknown", "Leaves it to another"],
  ])("with the status %d, while the house is %s for %p: %s, %s", (status, state, relay, mood, word) => {
    expect(describeMember({ ...attic, status }, { ...QUIET, state, relay })).toEqual({ mood: mood as never, word });
  });

  test("that it answers while its loudspeaker does, whatever its status", () => {
    for (const status of [0, 1, 2, 3])
      expect(describeMember({ ...attic, status, responding: true }, QUIET).word).toBe("Answering");
  });

  test("that it decides, if it is the hub: which may have no microphone", () => {
    expect(describeMember({ ...attic, id: "hall" }, QUIET).word).toBe("Decides who answers");
  });
});
