/** `earshot tls init`: a certificate for this machine, so that phones may lend it their microphone. */
import { hostname, networkInterfaces } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { Command } from "commander";
import { HUB_PORT } from "../config/relay-url.ts";
import { dayOf } from "../web/certificate.ts";
import { certificateNames } from "./certificate-request.ts";
import { CERTIFICATE_FILES, makeCertificate } from "./make-certificate.ts";
import { commandConfig, configOption, jsonOption } from "./settings.ts";

interface TlsFlags {
  readonly config?: string;
  readonly for?: readonly string[];
  readonly force?: boolean;
  readonly json?: boolean;
}

export function tlsCommand(): Command {
  const tls = new Command("tls").description("https and wss: browsers give a microphone to secure pages only.");
  tls.addCommand(
    new Command("init")
      .description("Make a certificate for this machine's names and addresses, beside the configuration.")
      .option("--for <name...>", "further names or addresses under which this machine is reached")
      .option("--force", "make a new one in place of what is there; phones go on trusting it")
      .addOption(configOption())
      .addOption(jsonOption())
      .action(init),
  );
  return tls;
}

async function init(flags: TlsFlags): Promise<void> {
  const config = resolve(flags.config ?? "earshot.yaml");
  const folder = dirname(config);
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  const names = certificateNames(hostname(), addresses, flags.for ?? []);
  const made = await makeCertificate(folder, names, { force: flags.force === true, unixMs: Date.now() });
  const { authority, authorityKey, cert, key } = CERTIFICATE_FILES;
  const expires = dayOf(made.expiresAtMs);
  if (flags.json) {
    const files = { cert: join(folder, cert), key: join(folder, key), authority: join(folder, authority) };
    console.log(
      JSON.stringify({ ...files, names: names.names, expires, newAuthority: made.newAuthority }, undefined, 2),
    );
    return;
  }
  const where = relative(process.cwd(), folder) || ".";
  // A certificate may come before there is a file; what is wrong with one the program says at its start.
  const port = await commandConfig(flags).then(
    ({ web }) => web.port,
    () => HUB_PORT,
  );
  const address = `${names.host}.local:${port}`;
  console.log(`made in ${where}, readable by this user alone:
  ${cert}, ${key}   the certificate of this machine, until ${expires}
  ${authority}, ${authorityKey}     ${made.newAuthority ? "who vouches for it: phones trust this once" : "who vouches for it: as before, phones know it"}
It is good for ${names.names.join(", ")}.

1. Put this into ${config}, and start earshot again:

   web:
     host: 0.0.0.0
     password: ...            # 8 characters or more; the user name is earshot
     tls:
       cert: ${cert}
       key: ${key}

2. On the phone, open https://${address}/microphone (or one of the addresses above). It warns of a
   certificate that it does not know. To end the warning, and for an iPhone to work at all, trust ${authority}, which
   the page offers without a password as https://${address}/earshot-ca.crt:
   Android: Settings, Security, Encryption and credentials, Install a certificate, CA certificate
   iPhone:  open the file, then Settings, General, VPN & Device Management, Install; then
            Settings, General, About, Certificate Trust Settings, switch it on

3. A relay elsewhere needs ${authority} too: earshot relay --hub wss://${address} --ca-file ${authority}

Keep ${authorityKey} to yourself: with "earshot tls init --force" it signs the next certificate, and phones need nothing new.`);
}
