// The walls between the rooms, read from the imports of the sources. docs/architecture.md says why they stand.

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

const root = join(import.meta.dir, "..");
const sources = "{src,ffi,workers,public}/**/*.{ts,tsx,js,jsx,mjs}";

interface Import {
  /** The file that imports, from the project's folder. */
  readonly from: string;
  /** A file of the project from its folder, or a package. */
  readonly to: string;
  readonly kind: "value" | "type";
}

interface Wall {
  readonly rule: string;
  readonly broken: (imported: Import) => boolean;
  /** An import that breaks it, so that a wall which lets everything through is noticed. */
  readonly offence: Import;
}

const adapters = ["src/relay", "src/loqa", "src/wyoming"];

/** Without Bun and without node: they run in a browser too. */
const sharedWithPages = [
  "src/web/round-words.ts",
  "src/web/gain-words.ts",
  "src/web/command-words.ts",
  "src/audio/resampler.ts",
  "src/audio/levels.ts",
  ...["dial", "relay-client", "relay-events"].map((name) => `src/relay/${name}.ts`),
];

const walls: readonly Wall[] = [
  ...["src/memory", "src/wake"].map((room) => ({
    rule: `${room} imports no other room`,
    broken: ({ from, to }: Import) => roomOf(from) === room && isOurs(to) && roomOf(to) !== room,
    offence: { from: `${room}/offender.ts`, to: "src/config/schema.ts", kind: "type" } as const,
  })),
  {
    rule: "src/arbitration imports nothing but types, and those of no other room",
    broken: ({ from, to, kind }) =>
      roomOf(from) === "src/arbitration" && roomOf(to) !== "src/arbitration" && (isOurs(to) || kind === "value"),
    offence: { from: "src/arbitration/offender.ts", to: "node:fs", kind: "value" },
  },
  {
    rule: "only workers/ and src/cli import src/supervise",
    broken: ({ from, to }) =>
      roomOf(to) === "src/supervise" && !["workers", "src/cli", "src/supervise"].includes(roomOf(from)),
    offence: { from: "src/web/offender.ts", to: "src/supervise/restart.ts", kind: "value" },
  },
  {
    rule: "adapters (src/relay, src/loqa, src/wyoming) do not import each other",
    broken: ({ from, to }) =>
      adapters.includes(roomOf(from)) && adapters.includes(roomOf(to)) && roomOf(from) !== roomOf(to),
    offence: { from: "src/loqa/offender.ts", to: "src/relay/messages.ts", kind: "type" },
  },
  {
    rule: "bun:ffi appears in ffi/ alone",
    broken: ({ from, to }) => to === "bun:ffi" && roomOf(from) !== "ffi",
    offence: { from: "src/audio/offender.ts", to: "bun:ffi", kind: "value" },
  },
  {
    rule: "public/ imports nothing of the program but types of src/web/schemas, words that the command line has too, and a relay's own end",
    broken: ({ from, to, kind }) =>
      roomOf(from) === "public" &&
      isOurs(to) &&
      roomOf(to) !== "public" &&
      !(to.startsWith("src/web/schemas/") && kind === "type") &&
      ![...sharedWithPages, "package.json"].includes(to),
    offence: { from: "public/offender.tsx", to: "src/web/schemas/state.ts", kind: "value" },
  },
];

describe("the walls", () => {
  const imports = [...new Bun.Glob(sources).scanSync({ cwd: root })].flatMap((file) =>
    importsOf(file, readFileSync(join(root, file), "utf8")),
  );

  test("are held up to the imports of real files", () => {
    expect(imports.length).toBeGreaterThan(0);
  });

  test.each(walls.map((wall) => [wall.rule, wall] as const))("%s", (_, { broken }) => {
    expect(imports.filter(broken).map(({ from, to, kind }) => `${from} imports ${to} (${kind})`)).toEqual([]);
  });

  test.each(walls.map((wall) => [wall.rule, wall] as const))("an offence against '%s' is seen", (_, wall) => {
    const { from, to, kind } = wall.offence;
    const specifier = isOurs(to) ? relativeTo(from, to) : to;
    const source = `// An offence.\nimport ${kind === "type" ? "type " : ""}{ thing } from "${specifier}";\nthing;\n`;
    expect(importsOf(from, source).filter(wall.broken)).toEqual([wall.offence]);
  });
});

describe("importsOf()", () => {
  test.each<[string, string, Import["kind"]]>([
    ['import { a } from "../wake/mel.ts"; a;', "src/wake/mel.ts", "value"],
    ['import "../wake/mel.ts";', "src/wake/mel.ts", "value"],
    ['import {\n  a,\n  type B,\n} from "../wake/mel.ts";', "src/wake/mel.ts", "value"],
    ['import { type A, type B } from "../wake/mel.ts";', "src/wake/mel.ts", "type"],
    ['import type A from "../wake/mel.ts";', "src/wake/mel.ts", "type"],
    ['export * from "../wake/mel.ts";', "src/wake/mel.ts", "value"],
    ['export type { A } from "../wake/mel.ts";', "src/wake/mel.ts", "type"],
    ['import * as ffi from "bun:ffi"; ffi;', "bun:ffi", "value"],
    ['const a = await import("bun:ffi"); a;', "bun:ffi", "value"],
    ['const a = require("bun:ffi"); a;', "bun:ffi", "value"],
    ['let a: import("./levels.ts").A;', "src/web/levels.ts", "type"],
    ['new Worker(new URL("../../workers/web.ts", import.meta.url));', "workers/web.ts", "value"],
    ['import wasm from "a/b.wasm" with { type: "file" }; wasm;', "a/b.wasm", "value"],
  ])("reads %j", (source, to, kind) => {
    expect(importsOf("src/web/app.ts", `${source}\n`)).toEqual([{ from: "src/web/app.ts", to, kind }]);
  });

  test("passes over comments and the line for the shell", () => {
    expect(
      importsOf("src/web/app.ts", '#!/usr/bin/env bun\n// import { a } from "bun:ffi";\n/*\nimport "bun:ffi";\n*/\n'),
    ).toEqual([]);
  });
});

/**
 * What a file imports. Bun's parser finds everything that is there at run time, but knows no types, no URL of a worker
 * and no import that is never used; those are read from the text.
 */
function importsOf(file: string, source: string): Import[] {
  const kinds = new Map<string, Import["kind"]>();
  const note = (specifier: string, kind: Import["kind"]): void => {
    const to = specifier.startsWith(".") ? normalize(join(dirname(file), specifier)) : specifier;
    if (kinds.get(to) !== "value") kinds.set(to, kind);
  };
  const loader = file.endsWith(".ts") ? "ts" : "tsx";
  for (const { path } of new Bun.Transpiler({ loader }).scanImports(source.replace(/^#!.*/, ""))) note(path, "value");
  const text = source.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  for (const [, clause = "", specifier = ""] of text.matchAll(
    /^\s*(?:import|export)\b([^;"'`=()]*?)\bfrom\s*["']([^"']+)["']/gm,
  )) {
    note(specifier, isTypeClause(clause) ? "type" : "value");
  }
  for (const [, specifier = ""] of text.matchAll(/\bimport\(\s*["']([^"']+)["']\s*\)\s*\./g)) note(specifier, "type");
  for (const [, specifier = ""] of text.matchAll(/\bnew URL\(\s*["'](\.[^"']+)["']\s*,\s*import\.meta/g)) {
    note(specifier, "value");
  }
  return [...kinds].map(([to, kind]) => ({ from: file, to, kind }));
}

/** `type {...}`, `type A`, or braces with nothing but types in them. */
function isTypeClause(clause: string): boolean {
  if (/^\s*type\b/.test(clause)) return true;
  const names = /^\s*\{([\s\S]*)\}\s*$/.exec(clause)?.[1];
  return names?.split(",").every((name) => /^\s*(type\s|$)/.test(name)) ?? false;
}

/** The folder that a file of the project belongs to: a room of src/, or a folder beside it. */
function roomOf(file: string): string {
  const [top = "", next = "", ...rest] = file.split("/");
  return top === "src" && rest.length > 0 ? `src/${next}` : top;
}

function isOurs(to: string): boolean {
  return /^(src|ffi|workers|public|setup|demo|test|bench)\/|^[\w.-]+\.(ts|json)$/.test(to);
}

function relativeTo(from: string, to: string): string {
  return `${"../".repeat(from.split("/").length - 1)}${to}`;
}
