import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkCommand } from "../../src/cli/check-command.ts";
import type { Finding } from "../../src/cli/checks.ts";
import { wyomingEvent } from "../../src/wyoming/codec.ts";
import { HttpServer } from "../command/http-server.ts";
import { WyomingServer } from "../command/wyoming-server.ts";
import { configOf } from "../config/sources.ts";

async function told(yaml: string, limitMs = 2000): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  await checkCommand(configOf(yaml), (finding) => findings.push(finding), limitMs);
  return findings;
}

const command = (section: string) => told(`command: {${section}}`);
const INFO = wyomingEvent("info", { asr: [{ name: "whisper" }], tts: [] });

describe("doctor says of commands", () => {
  const folder = mkdtempSync(join(tmpdir(), "earshot-commands-"));
  let server: HttpServer;

  beforeAll(() => {
    server = new HttpServer(({ headers }) => {
      const key = headers.get("authorization");
      return new Response("", { status: key === null ? 401 : key === "Bearer right" ? 200 : 403 });
    });
  });
  afterAll(() => {
    server[Symbol.dispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  test("that nobody understands them, which is as it was set up", async () => {
    expect(await told("")).toEqual([expect.objectContaining({ name: "commands", level: "ok" })]);
  });

  test("whether a server takes the key, without asking it to transcribe or speak", async () => {
    const sink = (key: string) => command(`sink: {kind: openai, url: "${server.url}"${key}}`);
    const speech = `speech: {kind: openai, url: "${server.url}/v1", api_key: right}`;
    expect(await sink(", api_key: right")).toMatchObject([{ name: "sink", level: "ok" }]);
    expect(await sink(", api_key: wrong")).toMatchObject([
      { name: "sink", level: "failed", hint: "set command.sink.api_key" },
    ]);
    expect(await sink("")).toMatchObject([{ level: "failed", message: expect.stringContaining("it wants a key") }]);
    expect((await command(speech)).at(-1)).toMatchObject({ name: "speech", level: "ok" });
    expect(new Set(server.asked.map(({ path }) => path))).toEqual(new Set(["/v1/models"]));
  });

  test("that somebody answers where a webhook is, whose own path nobody asks", async () => {
    server.asked.length = 0;
    const findings = await told(`
command:
  sink: {kind: webhook, url: "${server.url}/s3cret"}
  intent: {kind: webhook, url: "${server.url}/s3cret"}
wake: {models: {alexa: {webhook_url: "${server.url}/s3cret"}}}
`);
    expect(findings.map(({ name, level }) => [name, level])).toEqual([
      ["sink", "ok"],
      ["intent", "ok"],
      ["webhook", "ok"],
    ]);
    expect(server.asked.map(({ path }) => path)).toEqual(["/", "/", "/"]);
    expect(JSON.stringify(findings)).not.toContain("s3cret");
  });

  test("that nobody is there, or nobody answers in time", async () => {
    expect(await command('sink: {kind: openai, url: "http://127.0.0.1:1"}')).toMatchObject([
      { name: "sink", level: "failed", message: expect.stringContaining("nobody listens there") },
    ]);
    using silent = new HttpServer(() => new Promise<Response>(() => {}));
    expect(await told(`command: {sink: {kind: orac, url: "${silent.url}"}}`, 100)).toMatchObject([
      { level: "failed", message: expect.stringContaining("no answer within 100 ms") },
    ]);
  });

  test("whether an ORAC-STT is well", async () => {
    using orac = new HttpServer(({ path }) => new Response("", { status: path === "/stt/v1/health" ? 200 : 404 }));
    expect(await command(`sink: {kind: orac, url: "${orac.url}"}`)).toMatchObject([{ name: "sink", level: "ok" }]);
    using other = new HttpServer(() => new Response("", { status: 404 }));
    expect(await command(`sink: {kind: orac, url: "${other.url}"}`)).toMatchObject([
      { level: "failed", message: expect.stringContaining("404") },
    ]);
  });

  test("whether a Wyoming server offers what is wanted of it", async () => {
    using whisper = new WyomingServer(({ type }, say) => type === "describe" && say(INFO));
    const place = `kind: wyoming, host: 127.0.0.1, port: ${whisper.port}`;
    expect(await command(`sink: {${place}}`)).toMatchObject([{ name: "sink", level: "ok" }]);
    expect((await command(`speech: {${place}}`)).at(-1)).toMatchObject({
      ...{ name: "speech", level: "failed" },
      message: expect.stringContaining("offers something else"),
    });
    using silent = new WyomingServer(() => {});
    expect(await told(`command: {sink: {kind: wyoming, host: 127.0.0.1, port: ${silent.port}}}`, 100)).toMatchObject([
      { level: "failed", message: expect.stringContaining("no answer within 100 ms") },
    ]);
  });

  test("whether a program may be run, without running it", async () => {
    const ran = join(folder, "ran");
    const script = join(folder, "recognise");
    writeFileSync(script, `#!/bin/sh\ntouch ${ran}\n`);
    chmodSync(script, 0o644);
    const program = (name: string) => command(`sink: {kind: program, program: "${name}"}`);
    expect(await program("sh")).toMatchObject([{ name: "sink", level: "ok" }]);
    expect(await program("sh -c cat")).toMatchObject([{ level: "failed", hint: expect.stringContaining("in args") }]);
    expect(await program("no-such-program")).toMatchObject([
      { level: "failed", message: expect.stringContaining("nowhere in PATH") },
    ]);
    expect(await program(`${folder}/nothing`)).toMatchObject([
      { level: "failed", message: expect.stringContaining("not there") },
    ]);
    expect(await program(folder)).toMatchObject([{ level: "failed" }]);
    expect(await program(script)).toMatchObject([{ level: "failed", hint: expect.stringContaining("chmod +x") }]);
    chmodSync(script, 0o755);
    expect(await program(script)).toMatchObject([{ level: "ok" }]);
    expect(await Bun.file(ran).exists()).toBe(false);
  });

  test("that they are the hub's business where this machine is a relay", async () => {
    const relay = "relay: {hub: hall}";
    expect(await told(relay)).toEqual([]);
    expect(await told(`${relay}\ncommand: {sink: {kind: program, program: sh}}`)).toMatchObject([
      { name: "commands", level: "warning", hint: "set them on the hub, hall" },
    ]);
  });
});
