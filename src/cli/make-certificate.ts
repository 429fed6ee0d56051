/**
 * Makes the files by Debian's openssl: it is there wherever certificates of authorities are, and a library for X.509 in
 * JavaScript would bring more than a dozen packages to do the same.
 */

import { X509Certificate } from "node:crypto";
import { chmod, mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  AUTHORITY_DAYS,
  authorityRequest,
  CERTIFICATE_DAYS,
  type CertificateNames,
  serverRequest,
} from "./certificate-request.ts";

export const CERTIFICATE_FILES = {
  authority: "earshot-ca.crt",
  authorityKey: "earshot-ca.key",
  cert: "earshot-tls.crt",
  key: "earshot-tls.key",
} as const;

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** Nothing was made. The message says what to do. */
export class MakeCertificateError extends Error {
  override readonly name = "MakeCertificateError";
}

export interface MadeCertificate {
  /** Unix time, ms. */
  readonly expiresAtMs: number;
  /** Whether those who trusted the old authority must trust another. */
  readonly newAuthority: boolean;
}

/**
 * @param folder where the files go: readable by this user alone, and never half written
 * @param options.force takes the place of files that are there; the authority stays as long as it can
 * @throws MakeCertificateError
 */
export async function makeCertificate(
  folder: string,
  names: CertificateNames,
  { force, unixMs }: { readonly force: boolean; readonly unixMs: number },
): Promise<MadeCertificate> {
  const at = (name: string) => join(folder, name);
  for (const name of Object.values(CERTIFICATE_FILES)) {
    if (force || !(await isThere(at(name)))) continue;
    throw new MakeCertificateError(
      `${at(name)} is there: --force makes a new certificate, by the same authority if it can`,
    );
  }
  const work = await mkdtemp(at(".earshot-tls-")).catch((error: Error) => {
    throw new MakeCertificateError(`nothing can be written into ${folder}: ${error.message}`);
  });
  try {
    const newAuthority = !(await keepsAuthority(folder, work, unixMs));
    if (newAuthority) await makeAuthority(work, names);
    const expiresAtMs = await makeServerCertificate(work, names);
    const made = newAuthority ? Object.values(CERTIFICATE_FILES) : [CERTIFICATE_FILES.key, CERTIFICATE_FILES.cert];
    for (const name of made) await chmod(join(work, name), 0o600);
    for (const name of made) await rename(join(work, name), at(name));
    return { expiresAtMs, newAuthority };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Takes over the authority that is there. @returns whether it could, and outlives what it is to sign */
async function keepsAuthority(folder: string, work: string, unixMs: number): Promise<boolean> {
  const { authority, authorityKey } = CERTIFICATE_FILES;
  if (!(await isThere(join(folder, authority))) || !(await isThere(join(folder, authorityKey)))) return false;
  const text = await readFile(join(folder, authority), "utf8");
  if (Date.parse(new X509Certificate(text).validTo) < unixMs + CERTIFICATE_DAYS * 24 * 3600 * 1000) return false;
  await writeFile(join(work, authority), text);
  await writeFile(join(work, authorityKey), await readFile(join(folder, authorityKey)));
  return true;
}

async function makeAuthority(work: string, names: CertificateNames): Promise<void> {
  const { authority, authorityKey } = CERTIFICATE_FILES;
  await writeFile(join(work, "authority.cnf"), authorityRequest(names));
  const files = ["-keyout", authorityKey, "-out", authority, "-config", "authority.cnf", "-extensions", "ext"];
  await openssl(work, ["req", "-x509", ...NEW_KEY, "-days", String(AUTHORITY_DAYS), ...files]);
}

/** @returns when it expires, Unix time, ms */
async function makeServerCertificate(work: string, names: CertificateNames): Promise<number> {
  const { authority, authorityKey, cert, key } = CERTIFICATE_FILES;
  await writeFile(join(work, "server.cnf"), serverRequest(names));
  await openssl(work, ["req", "-new", ...NEW_KEY, "-keyout", key, "-out", "server.csr", "-config", "server.cnf"]);
  const serial = `0x${crypto.randomUUID().replaceAll("-", "").replace(/^./, "1")}`;
  const signer = ["-CA", authority, "-CAkey", authorityKey, "-set_serial", serial, "-days", String(CERTIFICATE_DAYS)];
  const wanted = ["-sha256", "-extfile", "server.cnf", "-extensions", "ext", "-out", "server.crt"];
  await openssl(work, ["x509", "-req", "-in", "server.csr", ...signer, ...wanted]);
  await openssl(work, ["verify", "-CAfile", authority, "server.crt"]).catch((error: Error) => {
    const remedy = `without ${authority} and ${authorityKey} a new authority is made, which phones must trust anew`;
    throw new MakeCertificateError(
      `the authority may not sign for all of ${names.names.join(", ")}: ${remedy} (${error.message})`,
    );
  });
  const [own, whole] = await Promise.all([
    readFile(join(work, "server.crt"), "utf8"),
    readFile(join(work, authority), "utf8"),
  ]);
  await writeFile(join(work, cert), own + whole);
  return Date.parse(new X509Certificate(own).validTo);
}

async function openssl(folder: string, args: readonly string[]): Promise<void> {
  if (Bun.which("openssl") === null) {
    throw new MakeCertificateError("openssl is not here, which makes certificates: sudo apt-get install openssl");
  }
  const child = Bun.spawn(["openssl", ...args], { cwd: folder, stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const [code, said] = await Promise.all([child.exited, new Response(child.stderr).text()]);
  if (code !== 0) throw new MakeCertificateError(`openssl ${args[0]} failed: ${said.trim() || `exit code ${code}`}`);
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
