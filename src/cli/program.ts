import { Command, CommanderError } from "commander";
import { version } from "../../package.json";
import { ConfigError } from "../config/config-error.ts";
import { EXIT } from "../supervise/exit-codes.ts";
import { calibrateCommand } from "./calibrate.ts";
import { demoCommand } from "./demo-house.ts";
import { devicesCommand } from "./devices.ts";
import { doctorCommand } from "./doctor.ts";
import { hubCommand } from "./hub.ts";
import { listenCommand } from "./listen.ts";
import { modelsCommand } from "./models.ts";
import { relayCommand } from "./relay.ts";
import { relaysCommand } from "./relays.ts";
import { resetCommand } from "./reset.ts";
import { runCommand } from "./run.ts";
import { stateCommand } from "./state.ts";
import { tlsCommand } from "./tls.ts";
import { tokenCommand } from "./token.ts";

/** Runs what the arguments say, and says in one line what went wrong. */
export async function runCommandLine(): Promise<void> {
  try {
    await program().parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage);
    console.error(`earshot: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(error instanceof ConfigError ? EXIT.usage : EXIT.failure);
  }
}

/** All commands. Nothing runs before `parseAsync`. */
export function program(): Command {
  const earshot = new Command("earshot")
    .description("The ear of a home voice assistant: hears wake words on this machine and shows what it hears.")
    .version(version, "-V, --version")
    .showHelpAfterError("(earshot --help shows what there is)")
    .exitOverride()
    .addHelpText(
      "after",
      `
Start with:
  earshot doctor               is everything there that it takes?
  earshot run                  listen to the microphone; the page is at http://localhost:7171
  earshot listen talk.wav      what would have been heard in a recording?

Settings come from earshot.yaml, then the environment (EARSHOT_WEB__PORT=8080), then flags.
Exit codes: 0 all is well, 1 something is not, 2 the command or the configuration is wrong.`,
    );
  for (const command of [
    runCommand(),
    relayCommand(),
    hubCommand(),
    relaysCommand(),
    calibrateCommand(),
    tokenCommand(),
    tlsCommand(),
    listenCommand(),
    devicesCommand(),
    modelsCommand(),
    stateCommand(),
    resetCommand(),
    doctorCommand(),
    demoCommand(),
  ]) {
    // Commands made on their own do not take over what their parent was told.
    earshot.addCommand(command.copyInheritedSettings(earshot));
    for (const nested of command.commands) nested.exitOverride();
  }
  return earshot;
}
