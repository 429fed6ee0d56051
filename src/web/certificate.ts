/** The certificate that the hub is served with: read at the start, and refused where nobody could connect with it. */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;
/** From here on somebody should renew it. */
const SOON_MS = 30 * 24 * 3600 * 1000;
const REMEDY = "earshot tls init makes a new one";

export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

export interface Certificate {
  /** PEM: its own and those that lead to its authority. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
  /** Unix time, ms. */
  readonly expiresAtMs: number;
  /** As the certificate writes them: `DNS:hall.local, IP Address:192.168.1.5`. */
  readonly names: string;
  /** PEM of the authority, if the file brings one of its own: what phones must be told to trust. */
  readonly authority: string | undefined;
}

/** The files cannot be used. The message says which, why, and what to do. */
export class CertificateError extends Error {
  override readonly name = "CertificateError";
}

/** The files of `web.tls`; undefined where there is none, and the hub speaks plain HTTP. */
export function certificateFiles(tls: { readonly cert?: string | undefined; readonly key?: string | undefined }) {
  const { cert, key } = tls;
  return cert === undefined || key === undefined ? undefined : { cert, key };
}

/** @throws CertificateError where it cannot be read, does not fit together, or is not valid now */
export async function readCertificate({ cert, key }: CertificateFiles, unixMs: number): Promise<Certificate> {
  const [certText, keyText] = await Promise.all([read(cert, "web.tls.cert"), read(key, "web.tls.key")]);
  const chain = certificatesOf(certText, cert);
  const [own] = chain;
  if (!own.checkPrivateKey(privateKeyOf(keyText, key))) {
    throw new CertificateError(
      `${key} is not the key of ${cert}: web.tls names two that do not belong together; ${REMEDY}`,
    );
  }
  const [fromMs, expiresAtMs] = [Date.parse(own.validFrom), Date.parse(own.validTo)];
  if (unixMs >= expiresAtMs)
    throw new CertificateError(`${cert} expired on ${dayOf(expiresAtMs)}: ${REMEDY} (--force)`);
  if (unixMs < fromMs) {
    const message = `${cert} is valid from ${dayOf(fromMs)} on, and this machine's clock says ${dayOf(unixMs)}`;
    throw new CertificateError(`${message}: sudo timedatectl set-ntp true sets the clock`);
  }
  const authority = chain.find((each) => each.ca && each.checkIssued(each));
  return {
    cert: certText,
    key: keyText,
    expiresAtMs,
    names: own.subjectAltName ?? "",
    authority: authority?.toString(),
  };
}

/** What is to be said while it is still valid; undefined for nothing. */
export function expiryWarning({ expiresAtMs }: Pick<Certificate, "expiresAtMs">, unixMs: number): string | undefined {
  const leftMs = expiresAtMs - unixMs;
  if (leftMs > SOON_MS) return undefined;
  const day = dayOf(expiresAtMs);
  return leftMs <= 0 ? `the certificate expired on ${day}` : `the certificate expires on ${day}`;
}

export function dayOf(unixMs: number): string {
  return new Date(unixMs).toISOString().slice(0, 10);
}

async function read(path: string, setting: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw new CertificateError(`${setting}: there is no ${path}; earshot tls init makes one`);
    if (code === "EACCES") {
      const whose = `sudo chown ${process.env.USER ?? "USER"} ${path}`;
      throw new CertificateError(`${setting}: ${path} may not be read by this user: ${whose}`);
    }
    throw new CertificateError(`${setting}: ${path} cannot be read: ${message}`);
  }
}

function certificatesOf(text: string, path: string): readonly [X509Certificate, ...X509Certificate[]] {
  const blocks = text.match(PEM_CERTIFICATE) ?? [];
  try {
    const [own, ...others] = blocks.map((block) => new X509Certificate(block));
    if (own !== undefined) return [own, ...others];
  } catch (error) {
    throw new CertificateError(`web.tls.cert: ${path} is broken (${messageOf(error)}): ${REMEDY}`);
  }
  throw new CertificateError(`web.tls.cert: ${path} holds no certificate in PEM (-----BEGIN CERTIFICATE-----)`);
}

function privateKeyOf(text: string, path: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch (error) {
    const secret = /ENCRYPTED/.test(text) ? "it has a passphrase, which nobody is there to type" : messageOf(error);
    throw new CertificateError(`web.tls.key: ${path} holds no key in PEM that can be used: ${secret}`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
