#!/usr/bin/env bun
/** The command line: picks a command, nothing else. */
import { CommanderError } from "commander";
import { program } from "./cli/program.ts";
import { ConfigError } from "./config/config-error.ts";
import { EXIT } from "./supervise/exit-codes.ts";

try {
  await program().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage);
  console.error(error instanceof Error ? `earshot: ${error.message}` : error);
  process.exit(error instanceof ConfigError ? EXIT.usage : EXIT.failure);
}
