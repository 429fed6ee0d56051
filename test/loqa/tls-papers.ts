// Certificates for tests, by openssl: an authority of ours, one of others, and who they signed.
import { join } from "node:path";

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** Puts NAME.crt and NAME.key into a folder: `ours` and `others` are authorities, `hub` and `kitchen` ours, `stranger` theirs. */
export function makePapers(folder: string): (name: string) => string {
  const openssl = (...args: readonly string[]): void => {
    const { exitCode, stderr } = Bun.spawnSync(["openssl", ...args], { cwd: folder });
    if (exitCode !== 0) throw new Error(stderr.toString());
  };
  for (const name of ["ours", "others"]) {
    const made = ["-keyout", `${name}.key`, "-out", `${name}.crt`, "-days", "2", "-subj", `/CN=${name}`];
    openssl("req", "-x509", ...NEW_KEY, ...made);
  }
  for (const [name, authority] of [
    ["hub", "ours"],
    ["kitchen", "ours"],
    ["stranger", "others"],
  ] as const) {
    const names = ["-subj", `/CN=${name}`, "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
    openssl("req", ...NEW_KEY, "-keyout", `${name}.key`, "-out", `${name}.csr`, ...names);
    const by = ["-CA", `${authority}.crt`, "-CAkey", `${authority}.key`, "-CAcreateserial", "-days", "2"];
    openssl("x509", "-req", "-in", `${name}.csr`, ...by, "-copy_extensions", "copy", "-out", `${name}.crt`);
  }
  return (name) => join(folder, name);
}
