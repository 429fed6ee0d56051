// The web worker, and its API.

import { afterAll, beforeAll, expect } from "bun:test";
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../../support/free-port.ts";
import { FILE, sourcesOf } from "../sources.ts";
import { ThreadRig } from "../thread-rig.ts";

/** One whose configuration stands in a file of its own. @param at what stands in a folder of the test's */
export async function startedWeb(at: (name: string) => string, yaml: string): Promise<ThreadRig> {
  const file = join(await mkdtemp(at("web-")), FILE);
  await Bun.write(file, yaml);
  const rig = new ThreadRig("web", { sources: { ...sourcesOf(yaml), file }, version: "0" }, yaml);
  return rig.alive();
}

/** One while the tests of this file, or of what it stands in, run. */
export function webWorker(at: (name: string) => string) {
  const port = freePort();
  const url = `http://127.0.0.1:${port}`;
  let rig: ThreadRig;

  const get = async (path: string, init: RequestInit = {}) => (await fetch(`${url}${path}`, init)).json();
  const change = async (patch: unknown, headers: Record<string, string> = {}) => {
    const init = {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(patch),
    };
    const report = await get("/api/config", init);
    expect(report.error).toBeUndefined();
    return report;
  };

  beforeAll(async () => {
    rig = await startedWeb(at, `log: {level: error}\nweb: {port: ${port}}\n`);
    // Nobody else is there to go by changes: their acknowledgement would be waited for.
    for (const name of ["capture", "inference"] as const) {
      const heartbeat = rig.memory.heartbeat(name).writer();
      heartbeat.value.configuration = 1_000_000;
      heartbeat.publish();
    }
  });
  afterAll(() => rig.close());

  return { port, url, get, change, memory: () => rig.memory };
}
