/**
 * What is asked of openssl: an authority of this house's own, and a certificate that it signs. Pure text.
 *
 * Phones trust the authority once and for ten years; the certificate is renewed without them. It may name hosts of this
 * house alone (RFC 5280, section 4.2.1.10), so that whoever stole its key could not pass for a bank.
 */
import { isIP } from "node:net";

export const AUTHORITY_DAYS = 3650;
/** Apple's devices take no more than 825 days, from an authority that a person installed (support.apple.com/HT210176). */
export const CERTIFICATE_DAYS = 820;
/** Names under which houses call their machines, besides those that are given. */
const HOUSE_DOMAINS = ["local", "localhost", "lan", "home.arpa", "internal", "fritz.box"];

export interface CertificateNames {
  /** Of the machine, without a domain. */
  readonly host: string;
  /** Host names and addresses, each once. */
  readonly names: readonly string[];
}

export interface NetworkAddress {
  readonly address: string;
  readonly internal: boolean;
}

/**
 * @param also names and addresses that somebody asked for
 * @throws TypeError where one of them is neither a host's name nor an address
 */
export function certificateNames(
  hostName: string,
  addresses: readonly NetworkAddress[],
  also: readonly string[],
): CertificateNames {
  const [host = ""] = hostName.toLowerCase().split(".");
  const own = [hostName.toLowerCase(), host, `${host}.local`, "localhost"].filter(isHostName);
  const atHome = addresses.filter(({ internal, address }) => !internal && isHomeAddress(address));
  const asked = also.map((name) => name.toLowerCase().replace(/^\[(.*)\]$/, "$1"));
  for (const name of asked) {
    if (isIP(name) === 0 && !isHostName(name)) throw new TypeError(`"${name}" is neither a host's name nor an address`);
  }
  const names = [...own, ...asked, "127.0.0.1", "::1", ...atHome.map(({ address }) => address)];
  return { host, names: [...new Set(names)] };
}

/** Of an openssl `req -x509 -extensions ext`. */
export function authorityRequest({ host, names }: CertificateNames): string {
  // Of names alone: Bun's TLS (BoringSSL) refuses every certificate below one that limits addresses.
  const permitted = [...new Set([...names.filter((name) => isIP(name) === 0), ...HOUSE_DOMAINS])];
  return [
    ...subject(`Earshot authority of ${host}`),
    "basicConstraints = critical,CA:TRUE,pathlen:0",
    "keyUsage = critical,keyCertSign,cRLSign",
    "subjectKeyIdentifier = hash",
    `nameConstraints = critical,${permitted.map((name) => `permitted;DNS:${name}`).join(",")}`,
    "",
  ].join("\n");
}

/** Of an openssl `req -new`, and of the `x509 -req -extensions ext` that signs it. */
export function serverRequest({ host, names }: CertificateNames): string {
  return [
    ...subject(`Earshot on ${host}`),
    "basicConstraints = critical,CA:FALSE",
    "keyUsage = critical,digitalSignature",
    "extendedKeyUsage = serverAuth",
    "subjectKeyIdentifier = hash",
    "authorityKeyIdentifier = keyid",
    `subjectAltName = ${names.map((name) => `${isIP(name) === 0 ? "DNS" : "IP"}:${name}`).join(",")}`,
    "",
  ].join("\n");
}

function subject(commonName: string): readonly string[] {
  const known = ["[req]", "distinguished_name = dn", "prompt = no", "string_mask = utf8only", "[dn]"];
  // An X.509 name has 64 characters at most.
  return [...known, `CN = ${commonName.slice(0, 64)}`, "[ext]"];
}

function isHostName(name: string): boolean {
  return name.length <= 253 && /^(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*$/.test(name);
}

/** An address that means the same machine tomorrow, as far as anybody can tell: RFC 1918, 6598 and 4193. */
function isHomeAddress(address: string): boolean {
  return /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|f[cd])/i.test(address);
}
