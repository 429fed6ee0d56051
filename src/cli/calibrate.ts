/** `earshot calibrate`: sets the gains of all microphones by one sound that everybody hears. */
import { Command } from "commander";
import { EXIT } from "../supervise/exit-codes.ts";
import { describeCalibration, describeOutcome } from "../web/gain-words.ts";
import type { CalibrationView } from "../web/schemas/calibration.ts";
import { createApi } from "./api.ts";
import { addAddressOptions, commandConfig, jsonOption, type SettingFlags } from "./settings.ts";

const LOOK_MS = 200;
/** The hub gives up long before. */
const LIMIT_MS = 20_000;

interface CalibrateFlags extends SettingFlags {
  readonly json?: boolean;
  readonly oneRoom?: boolean;
}

export function calibrateCommand(): Command {
  return addAddressOptions(new Command("calibrate"))
    .description("Set the gains of all microphones by one loud sound that everybody hears: clap, once.")
    .option("--one-room", "all microphones that hear it are in one room; this is kept")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\nStand in the middle of the room, and clap or let a telephone play noise; the page has a button that does.\n" +
        "With microphones in several rooms, do it once in each.\n" +
        "It must be known which of them share a room: name their rooms in the configuration (relays.ID.room), or say --one-room.\nExit code 0 only if the gains were set.",
    )
    .action(calibrate);
}

async function calibrate(flags: CalibrateFlags): Promise<void> {
  const api = createApi(await commandConfig(flags));
  const { calibration, relays } = await api.post<CalibrationView>("/api/calibrate", {
    oneRoom: flags.oneRoom === true,
  });
  if (!flags.json && relays.length > 0) console.log("Clap now, once, in the middle of the room (5 s) ...");
  const limitMs = performance.now() + LIMIT_MS;
  let view: CalibrationView;
  do {
    await Bun.sleep(LOOK_MS);
    view = await api.get<CalibrationView>("/api/calibrate");
  } while (view.calibration === calibration && view.phase !== "done" && performance.now() < limitMs);
  if (view.calibration !== calibration) throw new Error("somebody else began another calibration meanwhile");
  if (view.phase !== "done") throw new Error(`it was not over within ${LIMIT_MS / 1000} s`);
  if (flags.json) console.log(JSON.stringify(view, undefined, 2));
  else {
    for (const relay of view.relays) console.log(`${relay.id.padEnd(24)} ${describeOutcome(relay)}`);
    console.log(describeCalibration(view));
  }
  if (!view.set) process.exitCode = EXIT.failure;
}
