import { describe, expect } from "bun:test";
import { mkdtemp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { certificateNames } from "../../../src/cli/certificate-request.ts";
import { makeCertificate } from "../../../src/cli/make-certificate.ts";
import { freePort } from "../../support/free-port.ts";
import { startEarshot } from "../../support/running-earshot.ts";
import { ownFolder } from "./own-folder.ts";
import { turningOf } from "./turning.ts";
import { startedWeb, webWorker } from "./web-worker.ts";

const turning = turningOf("web");
const at = ownFolder();

describe("in the web worker", () => {
  const { port, url, change } = webWorker(at);

  turning("web.password", async () => {
    const known = { authorization: `Basic ${btoa("earshot:long enough")}` };
    await change({ web: { password: "long enough" } });
    expect((await fetch(`${url}/api/state`)).status).toBe(401);
    expect((await fetch(`${url}/api/state`, { headers: known })).status).toBe(200);
    await change({ web: { password: null } }, known);
    expect((await fetch(`${url}/api/state`)).status).toBe(200);
  });

  turning("web.loopback_needs_token", async () => {
    // Behind the guard this is told that it is no WebSocket.
    const letIn = async () => (await fetch(`${url}/relay`)).status === 426;
    expect(await letIn()).toBe(true);
    await change({ web: { loopback_needs_token: true } });
    expect(await letIn()).toBe(false);
    await change({ web: { loopback_needs_token: null } });
    expect(await letIn()).toBe(true);
  });

  turning("web.origins", async () => {
    const headers = { origin: "https://panel.local", "content-type": "application/json" };
    const act = async () =>
      (await fetch(`${url}/api/mute`, { method: "POST", headers, body: '{"muted":false}' })).status;
    expect(await act()).toBe(403);
    await change({ web: { origins: ["https://panel.local"] } });
    expect(await act()).toBe(200);
    await change({ web: { origins: null } });
    expect(await act()).toBe(403);
  });

  const tls = async () => {
    const made = await mkdtemp(at("tls-"));
    await makeCertificate(made, certificateNames("hall", [], []), { force: false, unixMs: Date.now() });
    return made;
  };

  turning("web.tls.cert", async () => {
    if (Bun.which("openssl") === null) return console.log("skipped: openssl is not here");
    const [other, made] = [freePort(), await tls()];
    const files = `cert: ${made}/earshot-tls.crt, key: ${made}/earshot-tls.key`;
    const second = await startedWeb(at, `log: {level: error}\nweb: {port: ${other}, tls: {${files}}}\n`);
    const ca = await readFile(join(made, "earshot-ca.crt"), "utf8");
    expect((await fetch(`https://127.0.0.1:${other}/api/activation`, { tls: { ca } })).status).toBe(200);
    await expect(fetch(`http://127.0.0.1:${other}/api/activation`)).rejects.toThrow();
    await second.close();
  });

  turning("web.tls.key", async () => {
    if (Bun.which("openssl") === null) return console.log("skipped: openssl is not here");
    const made = await tls();
    const files = `cert: ${made}/earshot-tls.crt, key: ${made}/earshot-ca.key`;
    await using earshot = await startEarshot({ config: `audio: {source: none}\nweb: {tls: {${files}}}\n` });
    expect(await earshot.exited).toBe(1);
    expect(earshot.log()).toContain("earshot-ca.key is not the key of");
  });

  turning("web.port", async () => {
    const other = freePort();
    expect((await change({ web: { port: other } })).needsRestart).toEqual(["web.port"]);
    await change({ web: { port } });
    const yaml = `log: {level: error}\nweb: {port: ${other}}\n`;
    const second = await startedWeb(at, yaml);
    expect((await fetch(`http://127.0.0.1:${other}/api/activation`)).status).toBe(200);
    await second.close();
  });

  turning("web.host", async () => {
    const other = freePort();
    const yaml = `log: {level: error}\nweb: {host: 127.0.0.2, port: ${other}}\n`;
    const second = await startedWeb(at, yaml);
    expect((await fetch(`http://127.0.0.2:${other}/api/activation`)).status).toBe(200);
    await expect(fetch(`http://127.0.0.1:${other}/api/activation`)).rejects.toThrow();
    await second.close();
  });
});
