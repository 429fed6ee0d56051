// Every setting of the schema has a test beside this file that shows what turning it changes, by the very worker that goes
// by it. A setting without an entry in a table fails here, one without a test fails beside its table's tests.
import { expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { basename } from "node:path";
import type { z } from "zod";
import { configSchema } from "../../../src/config/schema.ts";
import { SHOWN } from "./shown.ts";

/** A schema as far as this test looks into it. */
interface Def {
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
  readonly valueType?: z.core.$ZodType;
  readonly innerType?: z.core.$ZodType;
  readonly in?: z.core.$ZodType;
}

function leavesOf(schema: z.core.$ZodType, path: readonly string[] = []): string[] {
  const def = schema._zod.def as unknown as Def;
  if (def.shape !== undefined)
    return Object.entries(def.shape).flatMap(([key, inner]) => leavesOf(inner, [...path, key]));
  if (def.valueType !== undefined) return leavesOf(def.valueType, [...path, "*"]);
  const inner = def.innerType ?? def.in;
  return inner === undefined ? [path.join(".")] : leavesOf(inner, path);
}

test("every setting of the schema is in one table, and the tables have no other", () => {
  const settings = Object.values(SHOWN).flatMap((table) => Object.keys(table));
  expect(settings.sort()).toEqual(leavesOf(configSchema).sort());
});

test("every table has its tests beside this file", async () => {
  const tests = (await readdir(import.meta.dir)).filter((file) => file.endsWith(".test.ts"));
  const tables = Object.keys(SHOWN).map((section) => `${section}.test.ts`);
  expect(tests.sort()).toEqual([...tables, basename(import.meta.path)].sort());
});
