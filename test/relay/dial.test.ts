// A hub whose certificate nobody vouches for but its own authority.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { certificateNames } from "../../src/cli/certificate-request.ts";
import { CERTIFICATE_FILES, makeCertificate } from "../../src/cli/make-certificate.ts";
import { dialWebSocket } from "../../src/relay/dial.ts";
import { SUBPROTOCOL } from "../../src/relay/limits.ts";

const possible = Bun.which("openssl") !== null;
if (!possible) console.log("skipped: wss with an authority of one's own, which openssl makes");

describe.skipIf(!possible)("wss", () => {
  let folder = "";
  let server: ReturnType<typeof Bun.serve>;
  let authority = "";
  let offered: string | null = null;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "earshot-wss-"));
    await makeCertificate(folder, certificateNames("hall", [], []), { force: false, unixMs: Date.now() });
    const text = (name: string) => readFile(join(folder, name), "utf8");
    authority = await text(CERTIFICATE_FILES.authority);
    server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      tls: { cert: await text(CERTIFICATE_FILES.cert), key: await text(CERTIFICATE_FILES.key) },
      fetch: (request, server) => {
        offered = request.headers.get("sec-websocket-protocol");
        return server.upgrade(request, { headers: { "sec-websocket-protocol": SUBPROTOCOL }, data: undefined })
          ? undefined
          : new Response();
      },
      websocket: { open: (socket) => void socket.send("here"), message: () => {} },
    });
  });
  afterAll(async () => {
    server?.stop(true);
    await rm(folder, { recursive: true, force: true });
  });

  function said(believed?: string, host = "127.0.0.1"): Promise<string> {
    return new Promise((told) => {
      const socket = dialWebSocket(
        `wss://${host}:${server.port}/relay`,
        "secret",
        believed,
      )({
        opened: () => {},
        message: (data) => {
          told(String(data));
          socket.close();
        },
        closed: told,
      });
    });
  }

  test("is spoken with a hub that the authority vouches for, and the token is still offered", async () => {
    expect(await said(authority)).toBe("here");
    expect(offered as string | null).toBe(`${SUBPROTOCOL}, token.secret`);
  });

  test("is not spoken with it by who was told of no authority", async () => {
    expect(await said()).toContain("no hub that takes this relay");
  });

  test("is not spoken with a machine that the certificate does not name", async () => {
    expect(await said(authority, "127.0.0.2")).toContain("no hub that takes this relay");
  });
});
