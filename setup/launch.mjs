// Running a program as if this one had become it: same terminal, signals passed on, its exit code kept.

import { spawn } from "node:child_process";
import { constants } from "node:os";
import { isatty } from "node:tty";

const passedOn = /** @type {const} */ (["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT"]);
/** Ctrl-C and Ctrl-\ reach the whole foreground group: passing them on would deliver them twice. */
const sentByTerminal = ["SIGINT", "SIGQUIT"];

/**
 * @param {readonly string[]} command
 * @param {{cwd: string, env: Readonly<Record<string, string | undefined>>}} options
 * @returns {Promise<number>} the exit code, as a shell counts it: 128 + the signal's number if one ended it
 */
export function runLikeExec([program = "", ...args], { cwd, env }) {
  return new Promise((resolve) => {
    const onTerminal = isatty(0);
    /** @type {import("node:child_process").ChildProcess | undefined} */
    let child;
    // Before the program runs: it may be ready, and somebody end this process, before the next line is reached.
    const handlers = passedOn.map((signal) => {
      const handler = () => {
        if (!(onTerminal && sentByTerminal.includes(signal))) child?.kill(signal);
      };
      process.on(signal, handler);
      return /** @type {const} */ ([signal, handler]);
    });
    child = spawn(program, args, { cwd, env, stdio: "inherit" });
    const end = (/** @type {number} */ exitCode) => {
      for (const [signal, handler] of handlers) process.off(signal, handler);
      resolve(exitCode);
    };
    child.on("error", (error) => {
      console.error(`setup: cannot run ${program}: ${error.message}`);
      end(126);
    });
    child.on("exit", (code, signal) => end(code ?? 128 + constants.signals[signal ?? "SIGTERM"]));
  });
}
