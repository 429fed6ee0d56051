// Which relay wins when somebody speaks: `bun bench/rooms.ts [--seed N] [--rooms N] [--quick]`; --help says more.
import { join } from "node:path";
import { createEngine } from "../src/wake/engine.ts";
import { knownTo } from "./rooms/hearing.ts";
import { HELP, parseOptions, UsageError } from "./rooms/options.ts";
import { withTables } from "./rooms/page.ts";
import { playHouse } from "./rooms/playing.ts";
import { Material } from "./rooms/rendering.ts";
import { report } from "./rooms/report.ts";
import { Tally } from "./rooms/tally.ts";
import { tryHouse } from "./rooms/trial.ts";
import { loadVoices } from "./rooms/voices.ts";

const RECORDINGS = join(import.meta.dir, "../../shared/audio/alexa");
const say = (message: string): void => console.error(message);

async function main(): Promise<void> {
  const asked = parseOptions(process.argv.slice(2));
  if (asked.help) {
    console.log(HELP);
    return;
  }
  const { seed, rooms } = asked;
  const engine = await createEngine({ models: ["alexa"], readFile: (path) => Bun.file(path).bytes() });
  const voices = await knownTo(engine, await loadVoices(RECORDINGS));
  if (voices.length === 0) throw new Error(`no voices: this needs the recordings of ${RECORDINGS}`);
  say(`seed ${seed}; ${voices.length} voices`);
  const material = new Material(seed);
  const tally = new Tally();

  for (const kind of ["one room", "several rooms"] as const) {
    const houses = kind === "one room" ? rooms : Math.ceil(rooms / 2);
    for (let index = 0; index < houses; index++) {
      tryHouse(await playHouse(kind, index, { seed, engine, voices, material }), tally);
      if ((index + 1) % 10 === 0) say(`${kind}: ${index + 1} of ${houses} houses`);
    }
  }
  const tables = report(tally, asked);
  if (asked.out === undefined) console.log(tables);
  else await Bun.write(asked.out, withTables(await Bun.file(asked.out).text(), tables));
  await engine.close();
}

try {
  await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  say(`${error.message}\n\n${HELP}`);
  process.exitCode = 2;
}
