/**
 * The demo of a house: a hub, three relays in simulated rooms, a real recogniser and a real voice. Somebody speaks a command
 * now here, now there, and what became of it is told, line by line; the page of the hub shows it.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeRound } from "../web/round-words.ts";
import type { RelayView } from "../web/schemas/relays.ts";
import type { ArbitrationView, RoundView } from "../web/schemas/rounds.ts";
import { spokenCommand } from "./espeak.ts";
import { LiveRoom } from "./live-room.ts";
import { type Program, startHub, startRelay } from "./programs.ts";
import { heardAt } from "./room-sound.ts";
import { answerTo, grammar, SENTENCES } from "./sentences.ts";
import { type DemoRoom, ROOMS, roomAt, type Spot } from "./small-house.ts";

/** What the demo is made of besides Earshot, and the Debian packages that bring it. */
export const DEMO_PROGRAMS = [
  { program: "espeak-ng", packages: ["espeak-ng"] },
  { program: "pocketsphinx_continuous", packages: ["pocketsphinx", "pocketsphinx-en-us"] },
] as const;

/** Where somebody stands, one after the other: near the kitchen's, in the living room, near the door of the study. */
const SPOTS: readonly Spot[] = [
  { x: 1.8, y: 2.2 },
  { x: 6, y: 2 },
  { x: 9.8, y: 1 },
];
/** Every sentence from every place; then they begin again. */
const TURNS = SPOTS.length * SENTENCES.length;
const READY_MS = 60_000;
const ANSWERED_MS = 20_000;
const LOOK_MS = 100;
/** No word counts in the first 2 s of a microphone, and on a small machine the models are compiled meanwhile. */
const ARMED_MS = 5000;
/** Between two commands. */
const PAUSE_MS = 6000;

export interface DemoOptions {
  readonly port: number;
  /** How many commands are spoken; undefined: until it is ended. */
  readonly commands: number | undefined;
  /** What runs Earshot, without its arguments. */
  readonly earshot: readonly string[];
  /** 0..1 */
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly tell: (line: string) => void;
}

export interface DemoOutcome {
  readonly spoken: number;
  /** Commands that the relay of the right room was granted. */
  readonly rightRoom: number;
  readonly understood: number;
}

/** @throws Error when the port is taken, or the house does not come up, saying which program failed */
export async function demoHouse(options: DemoOptions): Promise<DemoOutcome> {
  const { port, commands, earshot, random, signal, tell } = options;
  checkPort(port);
  const folder = await mkdtemp(join(tmpdir(), "earshot-demo-"));
  const grammarPath = join(folder, "house.jsgf");
  await Bun.write(grammarPath, grammar());
  const intents = new Intents();
  const plan = { folder, earshot, port, intentUrl: intents.url, grammarPath };
  const rooms = ROOMS.map((room) => new LiveRoom(room, random));
  const programs: Program[] = [];
  try {
    // While they listen there is no time for it: sound must come as if it were heard.
    const turns = await turnsOf(commands ?? TURNS, random);
    programs.push(await startHub(plan));
    const page = `http://127.0.0.1:${port}/`;
    tell(
      `the house: a hub, and relays in ${ROOMS.map(({ name }) => name.toLowerCase()).join(", ")}; its page: ${page}`,
    );
    await until("the hub did not start", async () => (await relaysOf(page)).length > 0, programs, signal);
    for (const room of rooms) programs.push(await startRelay(plan, room));
    tell("waiting for the relays to listen: a few seconds; Ctrl-C ends it all");
    await until("the relays did not begin to listen", async () => areListening(await relaysOf(page)), programs, signal);
    await pause(ARMED_MS, signal);
    return await speakCommands(page, rooms, turns, intents, programs, options);
  } finally {
    await Promise.all(programs.reverse().map((program) => program.stop()));
    intents.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** An Earshot of one's own may be there: its lights would go out by what the demo's people say. @throws Error */
function checkPort(port: number): void {
  try {
    Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } }).stop(true);
  } catch (cause) {
    throw new Error(`port ${port} is taken, perhaps by another earshot: --port chooses another`, { cause });
  }
}

async function speakCommands(
  page: string,
  rooms: readonly LiveRoom[],
  turns: readonly Turn[],
  intents: Intents,
  programs: readonly Program[],
  { commands, signal, tell }: DemoOptions,
): Promise<DemoOutcome> {
  let [spoken, rightRoom, understood] = [0, 0, 0];
  while (!signal.aborted && (commands === undefined || spoken < commands)) {
    const turn = turns[spoken % turns.length];
    if (turn === undefined) break;
    const { said, heard } = turn;
    const { relay, name } = turn.room;
    const before = (await roundsOf(page))[0]?.round ?? 0;
    intents.forget();
    tell("");
    tell(`somebody in the ${name.toLowerCase()} says: "alexa, ${said}"`);
    rooms.forEach((room, index) => {
      const sound = heard[index];
      if (sound !== undefined) room.hear(sound);
    });
    spoken++;
    const round = await decidedAfter(page, before, programs, signal);
    if (round === undefined) {
      tell("  nobody heard it");
      continue;
    }
    tellRound(round, tell);
    if (round.grants.at(-1)?.relayId === relay) rightRoom++;
    const handled = await answerOf(intents, signal);
    if (handled === undefined) tell("  nothing was understood");
    else {
      tell(`  understood: "${handled.transcript}" (by ${handled.relay})`);
      tell(`  answered there, and nowhere else: "${handled.text}"`);
      if (handled.transcript.includes(said)) understood++;
    }
    if (round.grants.at(-1)?.relayId !== relay) tell(`  ${whyNot(relay, await roundOf(page, round))}`);
    await pause(PAUSE_MS, signal);
  }
  return { spoken, rightRoom, understood };
}

/** One command. */
interface Turn {
  readonly said: string;
  /** Where it is said. */
  readonly room: DemoRoom;
  /** What each room's microphone hears of it. */
  readonly heard: readonly Float32Array[];
}

async function turnsOf(count: number, random: () => number): Promise<readonly Turn[]> {
  const turns: Turn[] = [];
  for (let turn = 0; turn < Math.min(count, TURNS); turn++) {
    const spot = SPOTS[turn % SPOTS.length];
    const sentence = SENTENCES[turn % SENTENCES.length];
    if (spot === undefined || sentence === undefined) break;
    const voice = await spokenCommand("alexa", sentence.said);
    const heard = ROOMS.map((room) => heardAt(voice, spot, room, random));
    turns.push({ said: sentence.said, room: roomAt(spot), heard });
  }
  return turns;
}

function tellRound(round: RoundView, tell: (line: string) => void): void {
  const claims = round.claims.map(({ relayId, evidence }) =>
    evidence === null ? relayId : `${relayId} (${(20 * Math.log10(Math.max(evidence.rms, 1e-6))).toFixed(0)} dB)`,
  );
  tell(`  heard by ${claims.join(", ")}`);
  tell(`  ${describeRound(round).outcome}`);
}

/** Of a relay that was nearer than who answers. */
function whyNot(relay: string, { claims }: RoundView): string {
  return claims.some(({ relayId }) => relayId === relay)
    ? `${relay} is nearer, and heard it too: the page says why it does not answer`
    : `${relay} is nearer, and did not hear it`;
}

/** As it is by now: who was late has claimed too. */
async function roundOf(page: string, before: RoundView): Promise<RoundView> {
  return (await roundsOf(page)).find(({ round }) => round === before.round) ?? before;
}

interface Handled {
  readonly transcript: string;
  readonly relay: string;
  readonly text: string;
}

/** Who acts on what was said: a server, as anybody's own would be one. */
class Intents {
  readonly #server;
  #newest: Handled | undefined;

  constructor() {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: async (request) => {
        const { transcript, relay, room } = (await request.json()) as Readonly<Record<string, string | null>>;
        const answer = answerTo(transcript ?? "", room ?? "house", new Date());
        this.#newest = { transcript: transcript ?? "", relay: relay ?? "", text: answer.text };
        return Response.json(answer);
      },
    });
  }

  get url(): string {
    return this.#server.url.href;
  }

  get newest(): Handled | undefined {
    return this.#newest;
  }

  forget(): void {
    this.#newest = undefined;
  }

  stop(): void {
    void this.#server.stop(true);
  }
}

function areListening(relays: readonly RelayView[]): boolean {
  return ROOMS.every(({ relay }) => {
    const seen = relays.find(({ id }) => id === relay);
    return seen?.connected === true && seen.trouble === null && seen.rms !== null;
  });
}

async function decidedAfter(
  page: string,
  before: number,
  programs: readonly Program[],
  signal: AbortSignal,
): Promise<RoundView | undefined> {
  let found: RoundView | undefined;
  const isThere = async () => {
    found = (await roundsOf(page)).find(({ round, firstAudioAfterMs }) => round > before && firstAudioAfterMs !== null);
    return found !== undefined;
  };
  await until("", isThere, programs, signal, ANSWERED_MS);
  return found;
}

async function answerOf(intents: Intents, signal: AbortSignal): Promise<Handled | undefined> {
  for (let waited = 0; waited < ANSWERED_MS && intents.newest === undefined && !signal.aborted; waited += LOOK_MS) {
    await pause(LOOK_MS, signal);
  }
  return intents.newest;
}

async function relaysOf(page: string): Promise<readonly RelayView[]> {
  const { relays } = (await (await fetch(`${page}api/relays`)).json()) as { readonly relays: readonly RelayView[] };
  return relays;
}

async function roundsOf(page: string): Promise<readonly RoundView[]> {
  const { rounds } = (await (await fetch(`${page}api/arbitration`)).json()) as ArbitrationView;
  return rounds;
}

/** Looks until it is so. @throws Error with `otherwise`, where that is said, when it does not become so, or a program ended */
async function until(
  otherwise: string,
  isSo: () => Promise<boolean>,
  programs: readonly Program[],
  signal: AbortSignal,
  limitMs = READY_MS,
): Promise<void> {
  let ended: string | undefined;
  for (const { name, exited } of programs) void exited.then((code) => (ended ??= `${name} ended with code ${code}`));
  for (let waited = 0; waited < limitMs && !signal.aborted; waited += LOOK_MS) {
    if (await isSo().catch(() => false)) return;
    if (ended !== undefined) throw new Error(ended);
    await pause(LOOK_MS, signal);
  }
  if (otherwise !== "" && !signal.aborted) throw new Error(`${otherwise} within ${limitMs / 1000} s`);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}
