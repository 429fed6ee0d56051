import { expect } from "bun:test";
import { readdir } from "node:fs/promises";
import { sound } from "../../command/small-commands.ts";
import { SpokenHouse } from "../../web/spoken-house.ts";
import { logged } from "./logged.ts";
import { ownFolder } from "./own-folder.ts";
import { heard } from "./spoken-command.ts";
import { turningOf } from "./turning.ts";

const turning = turningOf("privacy");
const at = ownFolder();

turning("privacy.keep_recordings", async () => {
  const kept = at("kept");
  await heard("", sound(-0.5, 2, -1));
  expect(await Array.fromAsync(new Bun.Glob("**/earshot-*.wav").scan(at(".")))).toEqual([]);
  const { house } = await heard("", sound(-0.5, 2, -1), `keep_recordings: ${kept}`);
  await house.until("a recording", async () => (await readdir(kept).catch(() => [])).length === 1);
});

turning("privacy.keep_for", async () => {
  const kept = at("kept-for");
  const { house } = await heard("", sound(-0.5, 2, -1), `keep_recordings: ${kept}`);
  await house.until("a recording", async () => (await readdir(kept).catch(() => [])).length === 1);
  house.clock.unixMs += 600_000;
  house.configure(`privacy: {keep_recordings: ${kept}, keep_for: 11m}`);
  await Bun.sleep(20);
  expect(await readdir(kept)).toHaveLength(1);
  house.configure(`privacy: {keep_recordings: ${kept}, keep_for: 9m}`);
  await house.until("it is gone", async () => (await readdir(kept)).length === 0);
});

turning("privacy.log_transcripts", async () => {
  const log = async (privacy: string) => JSON.stringify((await heard("", sound(-0.5, 2, -1), privacy)).house.logged);
  expect(await log("")).not.toContain("light on");
  expect(await log("log_transcripts: true")).toContain("light on");
});

turning("privacy.show_transcripts", async () => {
  const recent = async (privacy: string) => {
    const house = new SpokenHouse(
      `command: {sink: {kind: program, program: echo, args: [light on]}}\nprivacy: {${privacy}}`,
    );
    house.grant();
    await house.say(sound(-0.5, 2, -1));
    await house.until("an answer", () => house.replies.length > 0);
    return house.commands.recent[0];
  };
  expect(await recent("")).toMatchObject({ sink: "program", transcript: undefined });
  expect(await recent("show_transcripts: true")).toMatchObject({ transcript: "light on" });
});

turning("privacy.anonymous_ids", async () => {
  expect((await logged("privacy: {anonymous_ids: false}"))[0]).toContain("relay=kitchen");
  expect((await logged("privacy: {anonymous_ids: true}"))[0]).toMatch(/relay=~[0-9a-f]{8}/);
});
