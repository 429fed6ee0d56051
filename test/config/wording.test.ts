import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { configSchema } from "../../src/config/schema.ts";
import { wordsFor } from "../../src/config/wording.ts";

function words(schema: z.ZodType, input: unknown): readonly string[] {
  return schema.safeParse(input).error?.issues.map((issue) => wordsFor(issue)) ?? [];
}

describe("what is wrong with a setting is said in words", () => {
  test.each([
    [{ web: { port: 70_000 } }, "at most 65535"],
    [{ web: { port: -1 } }, "at least 0"],
    [{ web: { port: "x" } }, "a number is expected, not text"],
    [{ web: { port: 1.5 } }, "a whole number is expected, not a fraction"],
    [{ web: { port: null } }, "a number is expected, and there is none"],
    [{ web: { password: "short" } }, "at least 8 characters"],
    [{ web: { host: "" } }, "at least 1 character"],
    [{ log: { level: "loud" } }, "one of debug, info, warning, error"],
    [{ audio: { muted: "no" } }, "true or false is expected, not text"],
    [{ audio: { gain: Number.NaN } }, "a number is expected, and this is none"],
    [{ audio: { gain: Number.POSITIVE_INFINITY } }, "a number is expected, not infinity"],
    [{ audio: [] }, "a group of settings is expected, not a list"],
    [{ audio: { gain: {} } }, "a number is expected, not a group of settings"],
    [{ wake: { models: 3 } }, "a group of names with settings is expected, not a number"],
    [{ audio: { source: true } }, "text or a number is expected, not true or false"],
    [{ audio: { source: -1 } }, "at least 0"],
    [{ audio: { source: 1.5 } }, "a whole number is expected, not a fraction"],
    [{ wake: { models: { "a b": {} } } }, "a model's name has letters, digits, _ . - and no spaces"],
    [{ loud: 1 }, 'no such setting: "loud"'],
  ])("%j: %s", (input, expected) => {
    expect(words(configSchema, input)).toEqual([expected]);
  });

  test("and what the schema says in its own words stays as it is", () => {
    expect(words(configSchema, { wake: { cooldown: "soon" } })).toEqual([
      '"soon" is not a duration: write 300ms, 2s or 1.5m',
    ]);
    expect(words(configSchema, { wake: { cooldown: -4 } })).toEqual(["a duration from 0 ms to 600000 ms"]);
  });

  test.each([
    [z.literal("on"), "off", "only on"],
    [z.number().gt(3), 3, "more than 3"],
    [z.number().lt(3), 3, "less than 3"],
    [z.string().length(2), "abc", "exactly 2 characters"],
    [z.array(z.int()).max(1), [1, 2], "at most 1 item"],
    [z.number().multipleOf(5), 3, "a multiple of 5"],
    [z.string().regex(/^a$/), "b", "not in the form that is expected: /^a$/"],
  ] as const)("whatever kind of rule it breaks (%#)", (schema, input, expected) => {
    expect(words(schema, input)).toEqual([expected]);
  });
});

test("nothing that zod says itself comes through, whatever stands in for a setting", () => {
  const anything = [null, true, -1, 1.5, 1e300, Number.NaN, "", "x", [], {}, { x: 1 }];
  const rooms = Object.entries(configSchema.shape).flatMap(([room, schema]) => {
    const inner = (schema as { readonly def: { readonly innerType?: z.ZodObject } }).def.innerType?.shape ?? {};
    return [[room], ...Object.keys(inner).map((key) => [room, key])];
  });
  expect(rooms.length).toBeGreaterThan(15);
  for (const [room = "", key] of rooms) {
    for (const value of anything) {
      for (const said of words(configSchema, { [room]: key === undefined ? value : { [key]: value } })) {
        expect(said).not.toMatch(/^(Invalid|Too|Unrecognized)|expected (string|number|int|object)|received|undefined/);
      }
    }
  }
});
