/** Whether browsers and relays will take the hub's certificate, and for how long. */
import { stat } from "node:fs/promises";
import type { Config } from "../config/schema.ts";
import { certificateFiles, dayOf, expiryWarning, readCertificate } from "../web/certificate.ts";
import type { Tell } from "./checks.ts";

const RENEW = "earshot tls init --force makes a new one, by the same authority";

export async function checkCertificate({ web }: Pick<Config, "web">, unixMs: number, tell: Tell): Promise<void> {
  const files = certificateFiles(web.tls);
  if (files === undefined) return;
  const name = "certificate";
  try {
    const certificate = await readCertificate(files, unixMs);
    const warning = expiryWarning(certificate, unixMs);
    if (warning !== undefined) tell({ name, level: "warning", message: warning, hint: RENEW });
    else tell({ name, level: "ok", message: `until ${dayOf(certificate.expiresAtMs)}, for ${certificate.names}` });
    const { mode } = await stat(files.key);
    if ((mode & 0o007) === 0) return;
    tell({ name, level: "warning", message: `everybody here may read ${files.key}`, hint: `chmod 600 ${files.key}` });
  } catch (error) {
    tell({ name, level: "failed", message: (error as Error).message });
  }
}
