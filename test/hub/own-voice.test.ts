import { expect, test } from "bun:test";
import { OwnVoice } from "../../src/hub/own-voice.ts";

const everywhere = () => true;
const nobody: ReadonlySet<string> = new Set();

test("a wake word in an answer is the house's own while it is said, and for a moment behind that", () => {
  const voice = new OwnVoice();
  voice.says("kitchen", "I am called Hey, Jarvis!", 1000);
  const isOwn = () => voice.said("hey_jarvis", everywhere);
  voice.look(new Set(["kitchen"]), 5000);
  expect(isOwn()).toBe(true);
  voice.look(nobody, 5900);
  expect(isOwn()).toBe(true);
  voice.look(nobody, 6000);
  expect(isOwn()).toBe(false);
});

test("other words wake as ever, and so does that word where the answer is not heard", () => {
  const voice = new OwnVoice();
  voice.says("kitchen", "Jarvis is off.", 1000);
  expect(voice.said("hey_jarvis", everywhere)).toBe(false);
  voice.says("kitchen", "Alexander called.", 1000);
  expect(voice.said("alexa", everywhere)).toBe(true);
  expect(voice.said("alexa", (relayId) => relayId === "study")).toBe(false);
  expect(voice.said("_", everywhere)).toBe(false);
});
