// What the hub says of files that it cannot be served with: by openssl's certificates, and clocks that are handed in.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { certificateNames } from "../../src/cli/certificate-request.ts";
import { CERTIFICATE_FILES, MakeCertificateError, makeCertificate } from "../../src/cli/make-certificate.ts";
import { CertificateError, expiryWarning, readCertificate } from "../../src/web/certificate.ts";

const possible = Bun.which("openssl") !== null;
if (!possible) console.log("skipped: certificates, which openssl makes");
const DAY_MS = 24 * 3600 * 1000;
const { cert, key, authority, authorityKey } = CERTIFICATE_FILES;
const names = certificateNames("hall", [{ address: "192.168.1.5", internal: false }], []);

describe.skipIf(!possible)("the certificate of tls init", () => {
  let folder = "";
  const at = (name: string) => join(folder, name);
  const files = () => ({ cert: at(cert), key: at(key) });
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "earshot-tls-"));
    await makeCertificate(folder, names, { force: false, unixMs: Date.now() });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("is for the names and addresses of this machine, and brings its authority", async () => {
    const read = await readCertificate(files(), Date.now());
    expect(read.names).toContain("DNS:hall.local");
    expect(read.names).toContain("IP Address:192.168.1.5");
    expect(read.authority?.trim()).toBe((await readFile(at(authority), "utf8")).trim());
  });

  test("is its owner's alone, as is everything that was made with it", async () => {
    for (const name of Object.values(CERTIFICATE_FILES)) expect((await stat(at(name))).mode & 0o777).toBe(0o600);
  });

  test("is believed by a client that was told of the authority, under its names, and by no other", async () => {
    const [ca, certText, keyText] = await Promise.all([authority, cert, key].map((name) => readFile(at(name), "utf8")));
    await using server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      tls: { cert: certText ?? "", key: keyText ?? "" },
      fetch: () => new Response("here"),
    });
    const url = `https://127.0.0.1:${server.port}`;
    expect(await (await fetch(url, { tls: { ca: ca ?? "" } })).text()).toBe("here");
    await expect(fetch(url)).rejects.toThrow();
    const elsewhere = `https://127.0.0.2:${server.port}`;
    await expect(fetch(elsewhere, { tls: { ca: ca ?? "" } })).rejects.toThrow();
  });

  test("may be for houses' names alone: an authority that was stolen cannot pass for a bank", async () => {
    const other = await mkdtemp(join(tmpdir(), "earshot-tls-"));
    await Bun.write(join(other, authority), Bun.file(at(authority)));
    await Bun.write(join(other, authorityKey), Bun.file(at(authorityKey)));
    const bank = { host: "hall", names: ["bank.example"] };
    const made = makeCertificate(other, bank, { force: true, unixMs: Date.now() });
    await expect(made).rejects.toThrow(/may not sign for all of bank.example/);
    await rm(other, { recursive: true });
  });

  test("is not made over one that is there, unless asked; the authority stays, and so does what a phone trusts", async () => {
    const before = await Promise.all([authority, cert].map((name) => readFile(at(name), "utf8")));
    const again = (force: boolean) => makeCertificate(folder, names, { force, unixMs: Date.now() });
    await expect(again(false)).rejects.toThrow(MakeCertificateError);
    expect(await again(true)).toMatchObject({ newAuthority: false });
    const after = await Promise.all([authority, cert].map((name) => readFile(at(name), "utf8")));
    expect(after[0]).toBe(before[0] ?? "");
    expect(after[1]).not.toBe(before[1] ?? "");
  });

  test("has another authority when the old one would not outlive it", async () => {
    const late = Date.now() + 3650 * DAY_MS;
    expect(await makeCertificate(folder, names, { force: true, unixMs: late })).toMatchObject({ newAuthority: true });
  });

  test.each<[string, number, RegExp]>([
    ["expired", 821 * DAY_MS, /expired on \d{4}-\d\d-\d\d: earshot tls init makes a new one/],
    ["not valid yet", -2 * DAY_MS, /is valid from .* on, and this machine's clock says/],
  ])("is refused when it is %s", async (_, offMs, message) => {
    await expect(readCertificate(files(), Date.now() + offMs)).rejects.toThrow(message);
  });

  test.each<[string, (files: { cert: string; key: string }) => Promise<unknown>, RegExp]>([
    ["is not there", (files) => rm(files.cert), /web\.tls\.cert: there is no .*; earshot tls init makes one/],
    ["is no certificate", (files) => writeFile(files.cert, "hello"), /holds no certificate in PEM/],
    [
      "is a broken one",
      (files) => writeFile(files.cert, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
      /is broken/,
    ],
    ["has no key", (files) => writeFile(files.key, ""), /web\.tls\.key: .* holds no key in PEM/],
    ["has another's key", (files) => Bun.write(files.key, Bun.file(at(authorityKey))), /is not the key of/],
  ])("is refused when it %s", async (_, spoil, message) => {
    const other = await mkdtemp(join(tmpdir(), "earshot-tls-"));
    const spoilt = { cert: join(other, cert), key: join(other, key) };
    await Bun.write(spoilt.cert, Bun.file(at(cert)));
    await Bun.write(spoilt.key, Bun.file(at(key)));
    await readCertificate(spoilt, Date.now());
    await spoil(spoilt);
    const read = readCertificate(spoilt, Date.now());
    await expect(read).rejects.toThrow(CertificateError);
    await expect(read).rejects.toThrow(message);
    await rm(other, { recursive: true });
  });

  test("into a folder that cannot be written is not made, and nothing is left there", async () => {
    const missing = join(folder, "missing");
    await expect(makeCertificate(missing, names, { force: true, unixMs: 0 })).rejects.toThrow(/nothing can be written/);
  });
});

test.each<[number, string | undefined]>([
  [31, undefined],
  [29, "the certificate expires on 1970-01-30"],
  [-1, "the certificate expired on 1969-12-31"],
])("that is valid for %p days more says %p", (days, warning) => {
  expect(expiryWarning({ expiresAtMs: days * DAY_MS }, 0)).toBe(warning as string);
});

describe("the names of this machine", () => {
  const of = (host: string, addresses: readonly string[], also: readonly string[] = []) =>
    certificateNames(
      host,
      addresses.map((address) => ({ address, internal: address.startsWith("127.") })),
      also,
    ).names;

  test("are the host's, with and without its domain, and those of every machine to itself", () => {
    expect(of("Hall.example.org", [])).toEqual([
      ...["hall.example.org", "hall", "hall.local", "localhost", "127.0.0.1", "::1"],
    ]);
  });

  test("are its addresses at home, and none that the provider changes", () => {
    const addresses = [
      "127.0.0.1",
      "192.168.1.5",
      "10.0.0.2",
      "172.31.0.1",
      "100.64.3.2",
      "fd00::2",
      "fe80::1",
      "2001:db8::1",
      "198.51.100.4",
      "172.32.0.1",
    ];
    expect(of("hall", addresses).slice(5)).toEqual(["192.168.1.5", "10.0.0.2", "172.31.0.1", "100.64.3.2", "fd00::2"]);
  });

  test("are those too that somebody asks for, if they are any", () => {
    expect(of("hall", [], ["Ear.Example", "[2001:db8::1]"])).toContain("ear.example");
    expect(of("hall", [], ["[2001:db8::1]"])).toContain("2001:db8::1");
    for (const no of ["a b", "x/y", "-a", "a,DNS:evil", "", "a\nb"])
      expect(() => of("hall", [], [no])).toThrow(TypeError);
  });
});
