// A machine of its own for each test: a temporary project folder, and programs that are answered by the test.

import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Machine, Outcome } from "../../setup/machine.mjs";

export interface FakeMachine extends Machine, Disposable {
  /** What was run, a line a command. */
  readonly ran: readonly string[];
  /** What the user was told. */
  readonly said: readonly string[];
  readonly write: (path: string, text: string) => void;
}

export interface FakeOptions {
  readonly files?: Readonly<Record<string, string>>;
  /** Programs in PATH, which exist but are never run. */
  readonly programs?: readonly string[];
  readonly isRoot?: boolean;
  readonly thisBun?: string;
  readonly answer?: Answer;
}

/** Answers a command; undefined is success without output. */
export type Answer = (command: string, machine: FakeMachine) => Partial<Outcome> | undefined;

export function fakeMachine({
  files = {},
  programs = [],
  isRoot = false,
  thisBun,
  answer,
}: FakeOptions = {}): FakeMachine {
  const folder = mkdtempSync(join(tmpdir(), "earshot-setup-"));
  const root = join(folder, "project");
  const ran: string[] = [];
  const said: string[] = [];
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    chmodSync(path, 0o755);
  };
  const machine: FakeMachine = {
    root,
    arch: "arm64",
    env: { PATH: join(folder, "bin") },
    isRoot,
    thisBun,
    aptLists: join(root, "lists"),
    ran,
    said,
    say: (line) => said.push(line),
    write: (path, text) => put(join(root, path), text),
    run: (command) => {
      const line = command.join(" ").replaceAll(`${root}/`, "");
      ran.push(line);
      return { ok: true, stdout: "", output: "", ...answer?.(line, machine) };
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
  mkdirSync(root);
  for (const [path, text] of Object.entries(files)) machine.write(path, text);
  for (const name of programs) put(join(folder, "bin", name), "");
  return machine;
}
