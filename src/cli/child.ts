import { type Child, PARENT_VARIABLE } from "../supervise/parent.ts";

/** This very program again, with the same arguments and the same terminal. */
export function spawnChild(restarts: number): Child {
  const compiled = import.meta.path.startsWith("/$bunfs");
  const command = compiled
    ? [process.execPath, ...process.argv.slice(2)]
    : [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const child = Bun.spawn(command, {
    stdio: ["inherit", "inherit", "inherit"],
    env: { ...process.env, [PARENT_VARIABLE]: String(restarts) },
  });
  return {
    exited: child.exited.then((code) => child.signalCode ?? code),
    kill: (signal) => child.kill(signal),
  };
}
