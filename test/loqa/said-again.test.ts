// A relay that says its wake word again before anybody could take that for another utterance.
import { expect, test } from "bun:test";
import { type LoqaHouse, until } from "./loqa-house.ts";
import { bytesOf, type LoqaRelay } from "./loqa-relay.ts";
import { openedHouses } from "./opened-houses.ts";
import { utterance } from "./spoken-words.ts";

const { open } = openedHouses();

/** Chunks of 80 ms as they are said, on the test's clock; `wake` tells which are marked. */
async function live(
  house: LoqaHouse,
  relay: LoqaRelay,
  pcm: Int16Array,
  wake: (atS: number) => boolean,
): Promise<void> {
  for (let at = 0; at < pcm.length; at += 1280) {
    relay.send({
      audio: bytesOf(pcm.subarray(at, at + 1280)),
      wake: wake(at / 16_000),
      end: at + 1280 >= pcm.length,
    });
    await Bun.sleep(2);
    house.pass(80);
  }
}

test("a wake word that is said twice in a breath begins one command, and all of it is there", async () => {
  const house = await open();
  const kitchen = house.relay("kitchen");
  const said = utterance(16_000, { silenceS: 0.5 });
  await live(house, kitchen, said, (atS) => atS < 0.7 || (atS >= 1.1 && atS < 1.6));
  await until(() => house.isWhole(1), "whole");
  expect(house.winners).toEqual(["kitchen"]);
  expect(house.soundOf(1)).toEqual(said);
  house.answer();
  await until(() => kitchen.heard.length === 1, "answered");
  expect(kitchen.heard).toMatchObject([{ success: true, command: "light_on" }]);
});

test("who claims again what it was granted, and has said all of, is told to try again", async () => {
  const house = await open();
  const kitchen = house.relay("kitchen");
  const said = utterance(16_000, { commandS: 0.2, silenceS: 0 });
  await live(house, kitchen, said, (atS) => atS < 0.7);
  await until(() => house.isWhole(1), "whole");
  kitchen.sendOne(said);
  await until(() => kitchen.heard.length === 1, "told");
  expect(kitchen.heard).toMatchObject([{ command: "relay_too_late", success: false }]);
  house.answer();
  await until(() => kitchen.heard.length === 2, "answered");
  expect(kitchen.heard[1]).toMatchObject({ success: true, command: "light_on" });
  expect(house.winners).toEqual(["kitchen"]);
  house.pass(10_000);
  kitchen.sendOne(utterance(16_000));
  await until(() => house.winners.length === 2, "granted anew");
});
