#!/usr/bin/env bun
/** The command line: picks a command, nothing else. */
import { runCommandLine } from "./cli/program.ts";

await runCommandLine();
