// How long a relay waits for its verdict, and what a house of relays costs the hub: `bun bench/claim-to-grant.ts`, two minutes.
// The hub is the program as it is, with its own microphone in a quiet room; relays are real connections over loopback
// that claim, beat, report and answer as `earshot relay` does, without sound or detectors. Needs two cores: theirs is one.
import { mkdtempSync, readFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { Withheld } from "../check/house/withheld.ts";
import { BEAT_MS } from "../src/relay/limits.ts";
import { noise, seededRandom } from "../test/support/clips.ts";
import { encodeWav } from "../test/support/encode-wav.ts";
import { NEAR, PlainRelay } from "../test/support/plain-relay.ts";
import { descendants, type RunningEarshot, startEarshot } from "../test/support/running-earshot.ts";
import { measureCpu } from "./process-cpu.ts";
import { aligned, quantile, rounded } from "./table.ts";

/** What the first hub of this kind always waited. */
const SEED_MS = 300;
const TELEMETRY_MS = 200;
const WORD_MS = 600;
/** A detector fires so long after a word's end, and at the next end of a hop. */
const DETECTOR_LAG_MS = 80;
const HOP_MS = 80;
/** A relay that asked its detector in vain says so this long after the word's end, at the next end of a hop. */
const PASS_AFTER_MS = 100;
/** Until the next word of a zone: less would be the same utterance. */
const PAUSE_MS = 1150;
const DELAY_S = 14;
const DELAY_ZONES = 25;
const RELAYS_OF_A_ZONE = 10;
const SCALE_S = 15;
/** What a program has just started with is no measure of it. */
const WARM_UP_MS = 1500;
const NO_MICROPHONE = { PULSE_SERVER: "unix:/nowhere/native", JACK_NO_START_SERVER: "1" };

const random = seededRandom(1);
const later = (ms: number, run: () => void) => void setTimeout(run, Math.max(0, ms));

class Member {
  readonly relay: PlainRelay;
  readonly #beatAtMs = random() * BEAT_MS;
  readonly #telemetryAtMs = random() * TELEMETRY_MS;
  #beats = 0;
  #reports = 0;
  hears = false;
  /** It heard this and knows that it was no word: what it says when it is asked, and when. */
  passesAtMs: number | undefined;
  granted: (atMs: number, fence: number) => void = () => {};
  passed: () => void = () => {};

  constructor(url: string, id: string) {
    this.relay = new PlainRelay(url, id, {
      told: (message) => {
        if (message.type === "granted") this.granted(message.atMs, message.fence);
        const { passesAtMs } = this;
        if (message.type === "ask" && passesAtMs !== undefined) {
          later(passesAtMs - message.atMs, () => {
            this.passed();
            this.relay.say({ type: "pass", ask: message.ask });
          });
        }
      },
    });
  }

  /** What is due, `sinceMs` after the house began. */
  keepUp(sinceMs: number): void {
    if (sinceMs >= this.#beatAtMs + this.#beats * BEAT_MS) {
      this.#beats++;
      this.relay.beat(this.hears);
    }
    if (sinceMs >= this.#telemetryAtMs + this.#reports * TELEMETRY_MS) {
      this.#reports++;
      const rms = this.hears ? 0.1 : 0.001;
      this.relay.say({ type: "telemetry", rms, noiseFloor: 0.001, scores: { alexa: 0.01 }, armed: true });
    }
  }

  hear(hears: boolean): void {
    this.hears = hears;
    if (hears) this.relay.say({ type: "onset", atMs: this.relay.nowMs() });
    this.relay.beat(hears);
  }
}

/** How long a grant took, ms. */
interface Wait {
  /** From the first claim: with what others take to claim or pass. */
  readonly fromFirstMs: number;
  /** From the last claim or pass that it waited for: what hub and network take. */
  readonly fromLastMs: number;
}

/** A word from its beginning to the end of its command. @returns undefined where nobody was granted it */
async function word(claimants: readonly Member[], passers: readonly Member[]): Promise<Wait | undefined> {
  const all = [...claimants, ...passers];
  for (const member of all) member.hear(true);
  await Bun.sleep(WORD_MS);
  const endedAtMs = performance.now();
  let firstMs: number | undefined;
  let lastMs = Number.NaN;
  const verdict = Promise.withResolvers<Wait>();
  for (const member of passers) {
    member.passesAtMs = endedAtMs + PASS_AFTER_MS + random() * HOP_MS;
    member.passed = () => {
      lastMs = performance.now();
    };
  }
  for (const member of claimants) {
    member.granted = (atMs, fence) => {
      verdict.resolve({ fromFirstMs: atMs - (firstMs ?? Number.NaN), fromLastMs: atMs - lastMs });
      later(50, () => member.relay.say({ type: "finished", fence }));
    };
    later(DETECTOR_LAG_MS + random() * HOP_MS, () => {
      lastMs = performance.now();
      firstMs ??= lastMs;
      const rms = NEAR.rms * (0.2 + random());
      member.relay.claim({ ...NEAR, rms }, performance.now() - endedAtMs);
    });
  }
  const waited = await Promise.race([verdict.promise, Bun.sleep(2000).then(() => undefined)]);
  await Bun.sleep(200);
  for (const member of all) {
    member.hear(false);
    member.passesAtMs = undefined;
  }
  return waited;
}

class House {
  readonly #zones: Member[][];
  readonly #timer: Timer;

  private constructor(zones: Member[][]) {
    this.#zones = zones;
    const beganMs = performance.now();
    this.#timer = setInterval(() => {
      const sinceMs = performance.now() - beganMs;
      for (const members of this.#zones) for (const member of members) member.keepUp(sinceMs);
    }, 10);
  }

  /** Relays that are spread evenly over the zones z0, z1 and so on. */
  static async of(url: string, relays: number, zones: number): Promise<House> {
    const made = Array.from({ length: zones }, (): Member[] => []);
    for (let at = 0; at < relays; at += 50) {
      const some = Array.from({ length: Math.min(50, relays - at) }, (_, i) => new Member(url, `r${at + i}`));
      await Promise.all(some.map(({ relay }) => relay.joined()));
      for (const [i, member] of some.entries()) made[(at + i) % zones]?.push(member);
    }
    return new House(made);
  }

  /** One word after the other in each zone. @returns all waits */
  async words(seconds: number, claimants: number, passers: number): Promise<readonly Wait[]> {
    const waits: Wait[] = [];
    const untilMs = performance.now() + seconds * 1000;
    const lived = this.#zones.map(async (members) => {
      await Bun.sleep(600 + random() * 1200);
      while (performance.now() < untilMs) {
        const from = Math.floor(random() * members.length);
        const some = Array.from({ length: claimants + passers }, (_, i) => members[(from + i) % members.length]);
        const there = some.filter((member) => member !== undefined);
        const waited = await word(there.slice(0, claimants), there.slice(claimants));
        if (waited === undefined) console.error("a word was answered by nobody");
        else waits.push(waited);
        await Bun.sleep(PAUSE_MS);
      }
    });
    await Promise.all(lived);
    return waits;
  }

  async end(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#zones.flat().map(({ relay }) => relay.close()));
  }
}

async function startHub(relays: number, zones: number): Promise<RunningEarshot> {
  const folder = mkdtempSync(join(tmpdir(), "earshot-"));
  await Bun.write(join(folder, "quiet.wav"), encodeWav(noise(10, 0.002, 1)));
  const places = Array.from({ length: relays }, (_, i) => `  r${i}: { zone: z${i % zones} }`).join("\n");
  const hub = await startEarshot({
    folder,
    args: ["--model", "alexa", "--source", `file:${join(folder, "quiet.wav")}?loop`],
    env: NO_MICROPHONE,
    config: `arbitration: { max_relays: ${relays} }\nlog: { level: warning }\nrelays:\n${places}\n`,
  });
  await hub.until("armed", ({ activation }) => activation.armed);
  return hub;
}

function rssMb(pids: readonly number[]): number {
  const kilobytes = pids.map((pid) => {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0);
  });
  return kilobytes.reduce((sum, kB) => sum + kB, 0) / 1024;
}

const fromFirst = ({ fromFirstMs }: Wait): number => fromFirstMs;
const fromLast = ({ fromLastMs }: Wait): number => fromLastMs;

async function delays(): Promise<void> {
  await using hub = await startHub(DELAY_ZONES * RELAYS_OF_A_ZONE, DELAY_ZONES);
  const house = await House.of(hub.url, DELAY_ZONES * RELAYS_OF_A_ZONE, DELAY_ZONES);
  const pids = [process.pid, hub.pid, ...descendants(hub.pid)];
  const measured = async (claimants: number, passers: number) => {
    const withheld = new Withheld(pids);
    const waits = await house.words(DELAY_S, claimants, passers);
    return { waits, withheldMs: rounded(withheld.mostMs / DELAY_S) };
  };
  const alone = await measured(1, 0);
  const several = await measured(3, 1);
  await house.end();
  const row = (name: string, figures: readonly number[], withheldMs: string, aim: string) => [
    name,
    String(figures.length),
    ...[0.5, 0.99, 1].map((q) => rounded(quantile(figures, q))),
    withheldMs,
    aim,
  ];
  console.log(
    `from the first claim to the grant, ms; ${DELAY_ZONES} zones of ten relays each. withheld, ms: for so long in each second\n` +
      "some thread of hub or benchmark was ready to run and had no processor",
  );
  console.log(
    aligned([
      ["", "words", "median", "p99", "max", "withheld", "aim"],
      row("a window that is always waited for", [SEED_MS], "", ""),
      row("one of ten in earshot", alone.waits.map(fromFirst), alone.withheldMs, "p99 < 10"),
      row(
        "three of ten claim, one passes",
        several.waits.map(fromFirst),
        several.withheldMs,
        "median < 100, max <= 300",
      ),
      row("the same, from the last that was waited for", several.waits.map(fromLast), several.withheldMs, ""),
    ]),
  );
}

async function scale(): Promise<void> {
  const lines = [["relays", "CPU of a core", "of the hub alone", "KB a relay", "words", "p99 ms", "withheld ms"]];
  for (const [relays, zones] of [
    [10, 1],
    [100, 10],
    [1000, 10],
  ] as const) {
    await using hub = await startHub(relays, zones);
    const pids = [hub.pid, ...descendants(hub.pid)];
    await Bun.sleep(WARM_UP_MS);
    const idle = await measureCpu(pids, 2);
    const beforeMb = rssMb(pids);
    const house = await House.of(hub.url, relays, zones);
    const withheld = new Withheld([process.pid, ...pids]);
    const [waits, cpu] = await Promise.all([house.words(SCALE_S, 2, 1), measureCpu(pids, SCALE_S)]);
    const withheldMs = withheld.mostMs / SCALE_S;
    const usedMb = rssMb(pids) - beforeMb;
    await house.end();
    lines.push([
      String(relays),
      `${rounded(quantile(cpu, 0.5))} %`,
      `${rounded(quantile(idle, 0.5))} %`,
      rounded((usedMb * 1024) / relays),
      String(waits.length),
      rounded(quantile(waits.map(fromLast), 0.99)),
      rounded(withheldMs),
    ]);
  }
  console.log(
    "\nrelays that beat, report and claim (two claim, one passes), in ten zones; one zone where they are ten.\n" +
      "p99: from the last word that was waited for to the grant",
  );
  console.log(aligned(lines));
}

console.log(`${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}\n`);
await delays();
await scale();
