// What takes too long for every change: `bun check/long.ts`, or `npm run check:long`. Whether the engine as it is used is
// exact over an hour of everything, and whether nothing wakes by itself. Exit code 1 where something is not as it must be.
import { seededRandom } from "../bench/accuracy/seeded.ts";
import { EMBEDDING_SIZE } from "../src/wake/features.ts";
import { checkExact } from "./exact.ts";
import { HELP, type LongOptions, parseLongOptions } from "./long-options.ts";
import { checkPhantoms } from "./phantoms.ts";
import { exactText, phantomText } from "./report.ts";
import { livelyRoom, plainRoom, type Room } from "./rooms.ts";
import { gatherSounds, NoSoundError, type Sounds } from "./sounds.ts";
import { UsageError } from "./usage.ts";

/** Of each room in which streams are disturbed. */
const ROOM_SECONDS = 900;
const HOPS_BETWEEN_RELOADS = 400;

const say = (message: string): void => console.error(message);

async function exact({ seed, minutes, streams }: LongOptions, sounds: Sounds): Promise<boolean> {
  const rooms: Int16Array[] = [];
  for (let stream = 0; stream < streams; stream++) {
    rooms.push(await livelyRoom(sounds, (minutes * 60) / streams, seededRandom(seed, `lively room ${stream}`)));
  }
  const report = await checkExact({
    rooms,
    random: seededRandom(seed, "exact"),
    probedValues: EMBEDDING_SIZE,
    hopsBetweenReloads: HOPS_BETWEEN_RELOADS,
    onProgress: (share) => say(`exactness: ${Math.round(share * 100)} %`),
  });
  console.log(exactText(report));
  return report.comparison.found === 0;
}

async function phantoms({ seed, each }: LongOptions, sounds: Sounds): Promise<boolean> {
  const room = (kind: Room) => plainRoom(kind, sounds, ROOM_SECONDS, seededRandom(seed, `room of ${kind}`));
  const disturbed = await checkPhantoms({
    rooms: { noise: await room("noise"), music: await room("music"), speech: await room("speech") },
    random: seededRandom(seed, "phantoms"),
    each,
    onProgress: (share) => say(`phantoms: ${Math.round(share * 100)} %`),
  });
  console.log(phantomText(disturbed));
  return disturbed.every(({ phantoms }) => phantoms.length === 0);
}

/** Both parts at once, each in a process of its own. @returns whether both are as they must be */
async function both(seed: number): Promise<boolean> {
  const parts = [
    ["--each", "0"],
    ["--minutes", "0"],
  ].map(async (without) => {
    const command = [process.execPath, import.meta.path, ...process.argv.slice(2), "--seed", `${seed}`, ...without];
    const child = Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
    const text = await new Response(child.stdout).text();
    console.log(text.trimEnd());
    return (await child.exited) === 0;
  });
  return (await Promise.all(parts)).every((good) => good);
}

async function part(options: LongOptions): Promise<boolean> {
  const sounds = await gatherSounds({
    debian: true,
    seed: options.seed,
    onLeftOut: (message) => say(`left out: ${message}`),
  });
  console.log(`sounds: ${sounds.origin}\n`);
  const exactly = options.minutes === 0 || (await exact(options, sounds));
  const quietly = options.each === 0 || (await phantoms(options, sounds));
  return exactly && quietly;
}

async function main(): Promise<void> {
  const options = parseLongOptions(process.argv.slice(2), Math.floor(Math.random() * 2 ** 31));
  if (options.help) {
    console.log(HELP);
    return;
  }
  const { seed, minutes, each } = options;
  say(`seed ${seed}`);
  if (minutes > 0 && each > 0 ? await both(seed) : await part(options)) return;
  console.log(`FAILED; again: bun check/long.ts --seed ${seed} --minutes ${minutes} --each ${each}`);
  process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  if (!(error instanceof UsageError || error instanceof NoSoundError)) throw error;
  say(error instanceof UsageError ? `${error.message}\n\n${HELP}` : error.message);
  process.exitCode = 2;
}
