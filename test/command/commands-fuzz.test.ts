// Whatever comes in whatever order: nothing is stuck, nothing is answered twice, no sound stays.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { STATE_LIMIT_MS } from "../../src/hub/activation.ts";
import { COMMAND_LANES } from "../../src/memory/layout.ts";
import { fuzzSeed } from "../memory/fuzz-seed.ts";
import { answered, granted, RATE, smallCommands, sound } from "./small-commands.ts";

const FENCES = 4;
const fence = fc.integer({ min: 1, max: FENCES });
const seconds = fc.double({ min: 0.02, max: 6, noNaN: true });

type Step =
  | { readonly type: "grant" | "over" | "understood" | "failed"; readonly fence: number }
  | {
      readonly type: "sound";
      readonly fence: number;
      readonly speaks: boolean;
      readonly seconds: number;
      readonly last: boolean;
    }
  | { readonly type: "time"; readonly ms: number }
  | { readonly type: "inference" | "look" };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ type: fc.constant("grant" as const), fence }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("over" as const), fence }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom("understood" as const, "failed" as const), fence }) },
  {
    weight: 6,
    arbitrary: fc.record({
      ...{ type: fc.constant("sound" as const), fence, speaks: fc.boolean(), seconds },
      last: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("time" as const), ms: fc.integer({ min: 0, max: 40_000 }) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constantFrom("inference" as const, "look" as const) }) },
);

test("commands come to an end, in any order of grants, sound, answers, resets and time", async () => {
  const seed = fuzzSeed("commands");
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: "max" }), async (steps) => {
      const house = smallCommands({ answer: async ({ transcript }) => answered(transcript, transcript.length) });
      const { commands, heard, told, replies, clock, lanes, settle, ends } = house;
      /** What was said after each grant, and what was handed in: to be silence. */
      const said = new Map<string, number[]>();
      const handed: Int16Array[] = [];
      const seen = new Set<number>();
      const sessionOf = (wanted: number) => heard.find(({ command }) => command.id === `command ${wanted}`);
      for (const one of steps) {
        switch (one.type) {
          case "grant":
            // A fence is given once.
            if (!seen.has(one.fence)) commands.granted(granted(one.fence));
            seen.add(one.fence);
            break;
          case "over":
            commands.over(one.fence);
            break;
          case "understood":
            sessionOf(one.fence)?.understood.resolve({ transcript: "yes" });
            break;
          case "failed":
            sessionOf(one.fence)?.understood.reject(new Error("no"));
            break;
          case "sound": {
            const pcm = sound(one.speaks ? one.seconds : -one.seconds);
            if (seen.has(one.fence)) {
              const id = `command ${one.fence}`;
              said.set(id, [...(said.get(id) ?? []), ...pcm]);
            }
            handed.push(pcm);
            const rest = { missingSamples: 0, last: one.last, relayId: "kitchen", claim: 1 };
            commands.sound({ ...rest, pcm, fence: one.fence });
            break;
          }
          case "time":
            clock.nowMs += one.ms;
            break;
          case "inference":
            await ends.step();
            break;
          case "look":
            commands.look();
        }
        await Promise.resolve();
      }
      // Time alone ends everything.
      for (const limitMs of Object.values(STATE_LIMIT_MS)) {
        clock.nowMs += limitMs;
        await settle();
      }
      expect(commands.size).toBe(0);
      for (const one of seen) {
        const states = told.filter((event) => event.fence === one).map(({ type }) => type);
        // In this order, none twice, and an end.
        const order = ["recording", "processing", "responding", "ended"].filter((type) =>
          states.includes(type as never),
        );
        expect(states).toEqual(order as typeof states);
        expect([states[0], states.at(-1)]).toEqual(["recording", "ended"]);
        expect(replies.filter((reply) => reply.fence === one).length).toBeLessThanOrEqual(1);
      }
      for (const session of heard) {
        const { pcm, command, views } = session;
        expect(pcm.length).toBeLessThanOrEqual(15 * RATE);
        expect(pcm).toEqual((said.get(command.id) ?? []).slice(0, pcm.length));
        expect(views.every((view) => view.every((sample) => sample === 0))).toBeTrue();
      }
      expect(handed.every((pcm) => pcm.every((sample) => sample === 0))).toBeTrue();
      for (let lane = 0; lane < COMMAND_LANES; lane++)
        expect(lanes.open({ wordSamples: 0, silenceSamples: 1, noSpeechSamples: 1 })).toBeDefined();
    }),
    { seed, numRuns: 60 },
  );
}, 30_000);
