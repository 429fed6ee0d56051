/** `earshot token`: who may be a relay of this hub. Works on the hub's file: a hub that runs takes it up within a second. */
import { resolve } from "node:path";
import { Command } from "commander";
import { TokenFile, tokenFilePath } from "../relay/token-file.ts";
import { configOption, jsonOption } from "./settings.ts";

interface TokenFlags {
  readonly config?: string;
  readonly json?: boolean;
}

export function tokenCommand(): Command {
  const token = new Command("token").description("Pair relays with this hub: each has a token of its own.");
  const command = (name: string) => new Command(name).addOption(configOption()).addOption(jsonOption());
  token.addCommand(
    command("add")
      .argument("<name>", "what the relay is called")
      .description("Make a token for the relay of that name, and print it: it is shown once, and kept nowhere.")
      .addHelpText("after", "\nOn the relay:\n  EARSHOT_RELAY_TOKEN=... earshot relay --hub ws://THIS-MACHINE:7171")
      .action(addToken),
  );
  token.addCommand(command("list").description("List the relays that have a token.").action(listTokens));
  token.addCommand(
    command("revoke")
      .argument("<name>", "what the relay is called")
      .description("Take the token back. The relay is sent away, and cannot come again.")
      .action(revokeToken),
  );
  return token;
}

async function addToken(name: string, flags: TokenFlags): Promise<void> {
  const token = await fileOf(flags).add(name, Date.now());
  console.log(flags.json ? JSON.stringify({ name, token }) : token);
}

async function listTokens(flags: TokenFlags): Promise<void> {
  const file = fileOf(flags);
  await file.refresh();
  const tokens = file.tokens.map(({ name, createdAtMs }) => ({ name, created: new Date(createdAtMs).toISOString() }));
  if (flags.json) console.log(JSON.stringify(tokens, undefined, 2));
  else if (tokens.length === 0) console.log("nobody has a token: earshot token add NAME makes one");
  else for (const { name, created } of tokens) console.log(`${name.padEnd(24)} since ${created}`);
}

async function revokeToken(name: string, flags: TokenFlags): Promise<void> {
  await fileOf(flags).revoke(name);
  console.log(flags.json ? JSON.stringify({ name, revoked: true }) : `${name} may not come in any more`);
}

function fileOf({ config }: TokenFlags): TokenFile {
  return new TokenFile(tokenFilePath(resolve(config ?? "earshot.yaml")));
}
