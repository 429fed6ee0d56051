// docs/relay.py against the protocol's hub end: someone who has only the documents can write a relay.
import { expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SECRET, serveSmallHub, until } from "./serve-small-hub.ts";

const SCRIPT = join(import.meta.dir, "../../docs/relay.py");
/** The system's own comes first: another may lack Debian's packages. */
const python = ["/usr/bin/python3", "python3"].find((program) => {
  try {
    return Bun.spawnSync([program, "-c", "import websockets"], { stdout: "ignore", stderr: "ignore" }).success;
  } catch {
    return false;
  }
});
if (python === undefined) console.log("docs/relay.py is not tried: no python3 with the package websockets");

test.skipIf(python === undefined)(
  "docs/relay.py sends what it hears, answers pings, and comes again",
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "earshot-python-"));
    // A microphone that counts: 0x00 0x01 0x02 ... for as long as somebody listens.
    const bytes = Array.from({ length: 256 }, (_, i) => `\\${i.toString(8).padStart(3, "0")}`).join("");
    await writeFile(join(folder, "arecord"), `#!/bin/sh\nwhile printf '${bytes}'; do sleep 0.005; done\n`, {
      mode: 0o755,
    });
    const served = serveSmallHub({ needsToken: true });
    const relay = Bun.spawn([python ?? "", SCRIPT, served.url, "kitchen", SECRET], {
      env: { ...process.env, PATH: `${folder}:${process.env.PATH}`, PYTHONDONTWRITEBYTECODE: "1" },
      stdout: "pipe",
      stderr: "inherit",
    });
    try {
      const { hub, relays } = served;
      await until(() => hub.streams.length > 5);
      const heard = hub.streams.flatMap(({ samples }) => [...new Uint8Array(samples.buffer)]);
      expect(heard.every((byte, i) => byte === i % 256)).toBe(true);
      expect(hub.streams.every(({ missing, samples }) => missing === 0 && samples.length === 1280)).toBe(true);
      const [session] = hub.members.values();
      if (session === undefined) throw new Error("nobody joined");
      expect(session.introduction).toMatchObject({
        id: "kitchen",
        software: "relay.py",
        capabilities: { detects: false },
      });
      // Both clocks are this machine's CLOCK_MONOTONIC, Bun's counted from another origin: only that there is one is known.
      expect(session.clock?.uncertaintyMs).toBeLessThan(1000);
      session.tell({ type: "granted", claims: [], round: 1, fence: 5 });
      relays.dismissAll();
      await until(() => hub.said.filter((line) => line.endsWith("admitted kitchen")).length === 2);
      expect(hub.said).toContain("1: left dismissed");
    } finally {
      relay.kill();
      await relay.exited;
      served.end();
      await rm(folder, { recursive: true });
    }
    const printed = await new Response(relay.stdout).text();
    expect(printed).toContain("part of the house of hall as kitchen");
    expect(printed).toContain("'granted'");
    expect(printed).toContain("sent away: the hub ends");
  },
  20_000,
);
