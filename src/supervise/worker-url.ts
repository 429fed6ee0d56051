import type { WorkerName } from "../memory/layout.ts";

/** Where a worker's code is: beside the sources, or, in the compiled binary, under its embedded root. */
export function workerUrl(name: WorkerName): URL {
  const compiled = import.meta.path.startsWith("/$bunfs");
  return new URL(compiled ? `./workers/${name}.ts` : `../../workers/${name}.ts`, import.meta.url);
}
