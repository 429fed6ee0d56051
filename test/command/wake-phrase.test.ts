import { expect, test } from "bun:test";
import { withoutWakeWord } from "../../src/command/wake-phrase.ts";

test.each([
  ["alexa turn on the light", "alexa", "turn on the light"],
  ["Alexa, turn on the light.", "alexa", "turn on the light."],
  ["Hey, Jarvis! Stop.", "hey_jarvis", "Stop."],
  ["hey my croft what's up", "hey_mycroft", "what's up"],
  ["HEY-JARVIS stop", "hey_jarvis", "stop"],
  ["Alexa.", "alexa", ""],
  ["Küche: Licht an", "küche", "Licht an"],
  ["turn on the light", "alexa", "turn on the light"],
  ["alexander is here", "alexa", "alexander is here"],
  ["tell alexa to stop", "alexa", "tell alexa to stop"],
  ["hey turn it off", "hey_jarvis", "hey turn it off"],
  ["", "alexa", ""],
  ["'tis late", "tis", "late"],
  ["alexa alexa stop", "alexa", "alexa stop"],
  ["10%", "alexa", "10%"],
])("%j with the word %s is %j", (transcript, model, said) => {
  expect(withoutWakeWord(transcript, model)).toBe(said);
});
