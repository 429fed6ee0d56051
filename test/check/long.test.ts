// A sample of `bun check/long.ts`: a minute of what it does in an hour.
import { describe, expect, test } from "bun:test";
import { seededRandom } from "../../bench/accuracy/seeded.ts";
import { checkExact, type ExactReport } from "../../check/exact.ts";
import { checkPhantoms } from "../../check/phantoms.ts";
import { livelyRoom, plainRoom, type Room } from "../../check/rooms.ts";
import { gatherSounds } from "../../check/sounds.ts";
import { saySkipped, speechIsHere } from "../support/clips.ts";

const seed = Number(process.env.EARSHOT_TEST_SEED ?? 1);
const EACH = 5;

saySkipped("a sample of the long check");
const sounds = speechIsHere ? await gatherSounds({ debian: false, seed, onLeftOut: () => {} }) : undefined;

describe.skipIf(!sounds)(`with seed ${seed}`, () => {
  test("streams that sleep, come and go give the plain pipeline's numbers, to the same side of every threshold", async () => {
    if (!sounds) return;
    const random = seededRandom(seed, "exact");
    const report: ExactReport = await checkExact({
      rooms: [await livelyRoom(sounds, 22, random), await livelyRoom(sounds, 14, random)],
      random,
      probedValues: 12,
      hopsBetweenReloads: 120,
      onProgress: () => {},
    });
    expect(report.comparison.findings).toEqual([]);
    expect(report.hops).toBeGreaterThan(400);
    expect(report.openings).toBeGreaterThan(0);
    expect(report.reloads).toBeGreaterThan(0);
    expect(report.comparison.comparedEmbeddings).toBeGreaterThan(0);
  }, 60_000);

  test("nothing wakes by itself after a start, a reset, a mute, a gap, new models or others under their names", async () => {
    if (!sounds) return;
    const room = (kind: Room) => plainRoom(kind, sounds, 60, seededRandom(seed, kind));
    const disturbed = await checkPhantoms({
      rooms: { noise: await room("noise"), music: await room("music"), speech: await room("speech") },
      random: seededRandom(seed, "phantoms"),
      each: EACH,
      onProgress: () => {},
    });
    expect(disturbed.flatMap(({ phantoms }) => phantoms)).toEqual([]);
    expect(disturbed.map(({ count }) => count)).toEqual(disturbed.map(() => EACH));
    expect(disturbed).toHaveLength(21);
  }, 60_000);
});
