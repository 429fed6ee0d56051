import { type Child, PARENT_VARIABLE } from "../supervise/parent.ts";

/** What runs this very program, without its arguments. */
export function ownCommand(): readonly string[] {
  const compiled = import.meta.path.startsWith("/$bunfs");
  return compiled ? [process.execPath] : [process.execPath, ...process.execArgv, ...process.argv.slice(1, 2)];
}

/** This very program again, with the same arguments and the same terminal. */
export function spawnChild(restarts: number): Child {
  const child = Bun.spawn([...ownCommand(), ...process.argv.slice(2)], {
    stdio: ["inherit", "inherit", "inherit"],
    env: { ...process.env, [PARENT_VARIABLE]: String(restarts) },
  });
  return {
    exited: child.exited.then((code) => child.signalCode ?? code),
    kill: (signal) => child.kill(signal),
  };
}
