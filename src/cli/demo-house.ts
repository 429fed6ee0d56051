/** `earshot demo house`: what a house with several relays is like, without a microphone. */
import { Command, InvalidArgumentError, Option } from "commander";
import { DEMO_PROGRAMS, demoHouse } from "../demo/house-demo.ts";
import { EXIT } from "../supervise/exit-codes.ts";
import { ownCommand } from "./child.ts";
import { toNumber } from "./settings.ts";

const PORT = 7171;

export function demoCommand(): Command {
  const house = new Command("house")
    .description("Start a hub and three relays in simulated rooms, speak commands, and tell what became of them.")
    .addOption(new Option("-p, --port <port>", "port of the hub's page").argParser(toNumber).default(PORT))
    .addOption(
      new Option("-n, --commands <count>", "how many commands are spoken; without it until Ctrl-C").argParser(toCount),
    )
    .addHelpText(
      "after",
      `
Everything is real but the rooms: the programs, the wake word's network, the arbitration, the recogniser (pocketsphinx) and
the voice (espeak-ng), both of Debian. The study's microphone is 6 dB too loud, so the loudest is not the nearest.
Exit code 0 if every command was answered in the room in which it was said.`,
    )
    .action(async ({ port, commands }: { readonly port: number; readonly commands?: number }) => {
      const missing = DEMO_PROGRAMS.filter(({ program }) => Bun.which(program) === null);
      if (missing.length > 0) {
        const packages = missing.flatMap((one) => one.packages).join(" ");
        throw new Error(`the demo speaks and understands by programs of Debian: sudo apt-get install ${packages}`);
      }
      const ended = new AbortController();
      for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => ended.abort());
      const { spoken, rightRoom, understood } = await demoHouse({
        ...{ port, commands, earshot: ownCommand(), signal: ended.signal },
        random: Math.random,
        tell: (line) => console.log(line),
      });
      if (spoken === 0) return;
      console.log(
        `\n${spoken} ${spoken === 1 ? "command" : "commands"}: ${rightRoom} answered in their own room, ${understood} understood word for word`,
      );
      if (rightRoom < spoken) process.exitCode = EXIT.failure;
    });
  return new Command("demo").description("Try it without a microphone.").addCommand(house);
}

function toCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError(`"${text}" is not a number of commands.`);
  return count;
}
