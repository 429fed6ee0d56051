import { expect, test } from "bun:test";
import { SHOWN } from "./shown.ts";

/** For the tests of one table: each is named by the words of the table, and one that is missing is told. */
export function turningOf<Section extends keyof typeof SHOWN>(section: Section) {
  const table: Readonly<Record<string, string>> = SHOWN[section];
  const turned = new Set<string>();
  test("every setting of the table is turned by a test", () => {
    expect([...turned].sort()).toEqual(Object.keys(table).sort());
  });
  /** A test of what turning a setting changes. */
  return (setting: keyof (typeof SHOWN)[Section] & string, work: () => Promise<void>): void => {
    turned.add(setting);
    test(`${setting}: ${table[setting] ?? "an unknown setting"}`, work, 20_000);
  };
}
