import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "../support/running-earshot.ts";

const possible = Bun.which("openssl") !== null;
if (!possible) console.log("skipped: tls init, which needs openssl");

test.skipIf(!possible)(
  "earshot tls init prints addresses with the port of the configuration that it names",
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "earshot-tls-init-"));
    try {
      const config = join(folder, "earshot.yaml");
      await Bun.write(config, "web: { port: 8443 }\n");
      const { code, stdout } = await runCommand(["tls", "init", "--config", config]);
      expect(code).toBe(0);
      for (const part of ["/microphone", "/earshot-ca.crt", " --ca-file"])
        expect(stdout).toContain(`.local:8443${part}`);
      expect(stdout).not.toContain(":7171");
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
  20_000,
);
