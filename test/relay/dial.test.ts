// A hub whose certificate nobody vouches for but its own authority.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { certificateNames } from "../../src/cli/certificate-request.ts";
import { CERTIFICATE_FILES, makeCertificate } from "../../src/cli/make-certificate.ts";
import { dialWebSocket } from "../../src/relay/dial.ts";
import { SUBPROTOCOL } from "../../src/relay/limits.ts";
import { whyRefused } from "../../src/relay/why-refused.ts";

const possible = Bun.which("openssl") !== null;
if (!possible) console.log("skipped: wss with an authority of one's own, which openssl makes");

describe.skipIf(!possible)("wss", () => {
  let folder = "";
  /** By the address that they listen at; of these the certificate names the first alone. */
  const ports: Record<string, number | undefined> = {};
  const servers: ReturnType<typeof Bun.serve>[] = [];
  let authority = "";
  let offered: string | null = null;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "earshot-wss-"));
    await makeCertificate(folder, certificateNames("hall", [], []), { force: false, unixMs: Date.now() });
    const text = (name: string) => readFile(join(folder, name), "utf8");
    authority = await text(CERTIFICATE_FILES.authority);
    const certified = {
      tls: { cert: await text(CERTIFICATE_FILES.cert), key: await text(CERTIFICATE_FILES.key) },
      fetch: (request: Request, server: Bun.Server<undefined>) => {
        offered = request.headers.get("sec-websocket-protocol");
        return server.upgrade(request, { headers: { "sec-websocket-protocol": SUBPROTOCOL }, data: undefined })
          ? undefined
          : new Response();
      },
      websocket: { open: (socket: Bun.ServerWebSocket) => void socket.send("here"), message: () => {} },
    };
    for (const hostname of ["127.0.0.1", "127.0.0.2"]) {
      const server = Bun.serve({ hostname, port: 0, ...certified });
      servers.push(server);
      ports[hostname] = server.port;
    }
  });
  afterAll(async () => {
    for (const server of servers) server.stop(true);
    await rm(folder, { recursive: true, force: true });
  });

  function said(believed?: string, host = "127.0.0.1"): Promise<string> {
    return new Promise((told) => {
      const socket = dialWebSocket(
        `wss://${host}:${ports[host]}/relay`,
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

  test("says why it is not spoken: nobody vouches, another name, or no TLS was tried", async () => {
    const codeOf = async (scheme: string, host: string, believed?: string) =>
      (await whyRefused(`${scheme}://${host}:${ports[host]}/relay`, "secret", believed))?.code;
    expect(await codeOf("wss", "127.0.0.1")).toBe("untrusted_certificate");
    expect(await codeOf("wss", "127.0.0.2", authority)).toBe("other_name");
    expect(await codeOf("ws", "127.0.0.1")).toBe("wants_tls");
  });

  test("is not spoken with a machine that the certificate does not name", async () => {
    expect(await said(authority, "127.0.0.2")).toContain("no hub that takes this relay");
  });
});
