// How long learning gains from words takes, and for how long at a time nothing else runs: `bun bench/learning.ts [--against FOLDER]`.
// The same words are learned in slices, as the hub does it, and by the same code with a clock that stands still, which lets no slice
// end. With --against another checkout of Earshot learns them too, in the same run.
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import type { CoarseEnvelope } from "../src/arbitration/evidence.ts";
import { atOnce } from "../src/arbitration/gains-steps.ts";
import { type HeardShare, keepingWord } from "../src/arbitration/gains-words.ts";
import type { RoundRecord } from "../src/arbitration/round-record.ts";
import { HouseGains } from "../src/hub/house-gains.ts";
import { seededRandom } from "./accuracy/seeded.ts";
import { aligned, quantile, rounded } from "./table.ts";

/** As many as are kept, so that all that follow cost what words cost for ever. */
const KEPT_WORDS = 60;
const WORDS = 10;
const SEED = 5;

interface HouseKind {
  readonly relays: number;
  /** 0 where nobody named any. */
  readonly rooms: number;
  /** Relays that hear a word, those of the room where it was said in their middle. */
  readonly hearing: number;
}

const HOUSES: readonly HouseKind[] = [
  { relays: 3, rooms: 1, hearing: 3 },
  { relays: 10, rooms: 1, hearing: 10 },
  { relays: 10, rooms: 5, hearing: 10 },
  { relays: 10, rooms: 0, hearing: 10 },
  { relays: 40, rooms: 20, hearing: 10 },
  { relays: 40, rooms: 20, hearing: 40 },
  { relays: 40, rooms: 0, hearing: 40 },
  { relays: 100, rooms: 50, hearing: 20 },
];

interface Word {
  readonly shares: readonly (HeardShare & { readonly connection: number; readonly envelope: CoarseEnvelope })[];
}

/** What relays report of words said here and there; in the same house always the same. */
function* wordsIn({ relays, rooms, hearing }: HouseKind): Generator<Word> {
  const random = seededRandom(SEED, "words");
  const gains = Array.from({ length: relays }, () => 8 * random() - 4);
  const perRoom = rooms === 0 ? relays : relays / rooms;
  for (;;) {
    const said = Math.floor(random() * Math.max(rooms, 1));
    const middle = (said + 0.5) * perRoom;
    const first = Math.round(Math.min(Math.max(0, middle - hearing / 2), relays - hearing));
    const loudness = -40 + 6 * random();
    const shares = Array.from({ length: hearing }, (_, i) => {
      const place = first + i;
      const walls = Math.abs(Math.floor(place / perRoom) - said);
      const sound = loudness + (gains[place] ?? 0) - 10 * Math.sqrt(walls);
      const near = 6 * random() - 3;
      const [level, tail] = [sound + near, sound - 8 + 2 * random()];
      const levelsDb = Array.from({ length: 50 }, (_, i) => (i < 28 ? level + (i % 5) : tail - (i - 28) * 1.6));
      const evidence = {
        ...{ rms: 10 ** (level / 20), bandDb: level - 5, evenDb: level, floorDb: -85, snrDb: 20 + near - 6 * walls },
        ...{ attackDb: -5 + near / 4, envelopeVariance: 0.5, confidence: 0.9, durationMs: 500 },
      };
      const envelope = { levelsDb, endsAt: 28, floorDb: -85 };
      return { relayId: `relay ${place}`, connection: place, evidence, envelope };
    });
    yield { shares };
  }
}

interface Cost {
  readonly totalMs: number;
  readonly longestMs: number;
}

/**
 * @param standing its clock stands still during a look: nothing is cut into slices
 * @returns what each word cost behind those that fill the memory
 */
function learn(Gains: typeof HouseGains, kind: HouseKind, standing: boolean): readonly Cost[] {
  let skippedMs = 0;
  let stoodAtMs = 0;
  const monotonicMs = () => (standing ? stoodAtMs : performance.now()) + skippedMs;
  const rounds: RoundRecord[] = [];
  let told = 0;
  const words = wordsIn(kind);
  const known = Array.from({ length: KEPT_WORDS }, () => atOnce(keepingWord(words.next().value?.shares ?? [])));
  const gains = new Gains(
    {
      ...{ monotonicMs, rounds: () => rounds, believes: () => true, changed: () => {} },
      connected: () => Array.from({ length: kind.relays }, (_, i) => `relay ${i}`),
      placeOf: (id) => {
        const room = Math.floor((Number(id.slice(6)) * kind.rooms) / kind.relays);
        return { room: kind.rooms === 0 ? undefined : `room ${room}` };
      },
      log: {
        info: (event) => {
          if (event === "gains learned") told++;
        },
      },
    },
    known.filter((word) => word !== undefined),
  );
  const costs: Cost[] = [];
  for (const { shares } of words) {
    const round = told + 1;
    rounds[0] = roundOf(round, monotonicMs(), shares);
    for (const { relayId, connection, envelope } of shares) gains.envelope({ relayId, connection }, round, envelope);
    // The rest behind the word before is over, and this one is settled.
    skippedMs += 1e9;
    let [totalMs, longestMs] = [0, 0];
    while (told < round) {
      const beganMs = performance.now();
      stoodAtMs = beganMs;
      gains.look();
      const tookMs = performance.now() - beganMs;
      totalMs += tookMs;
      longestMs = Math.max(longestMs, tookMs);
      skippedMs += 1e6;
    }
    // The first one's are the compiler's, and with it all that was known is estimated once.
    if (round > 1) costs.push({ totalMs, longestMs });
    if (costs.length === WORDS) break;
  }
  return costs;
}

function roundOf(round: number, openedAtMs: number, shares: Word["shares"]): RoundRecord {
  const claims = shares.map(({ relayId, connection, evidence }): RoundRecord["claims"][number] => ({
    ...{ relayId, connection, number: round, model: "alexa", confidence: 0.9, evidence, standing: "lost" },
    ...{ endedAfterMs: -50, arrivedAfterMs: 0, repeats: 0, late: false, seconded: false },
  }));
  return {
    ...{ round, zone: "house", phase: "over", openedAtMs, claims, waitedFor: [], outOfEarshot: [] },
    ...{ verdict: undefined, grants: [], firstAudioAfterMs: undefined, ended: undefined },
  };
}

const { values: asked } = parseArgs({ options: { against: { type: "string" } } });
const other: { readonly HouseGains: typeof HouseGains } | undefined =
  asked.against === undefined ? undefined : await import(resolve(asked.against, "src/hub/house-gains.ts"));

const median = (costs: readonly Cost[], of: keyof Cost) =>
  quantile(
    costs.map((cost) => cost[of]),
    0.5,
  );
const worst = (costs: readonly Cost[]) => Math.max(...costs.map(({ longestMs }) => longestMs));
const lines = HOUSES.map((kind) => {
  const sliced = learn(HouseGains, kind, false);
  const whole = learn(HouseGains, kind, true);
  const before = other && learn(other.HouseGains, kind, true);
  const { relays, rooms, hearing } = kind;
  return [
    `${relays} in ${rooms === 0 ? "no named rooms" : rooms === 1 ? "1 room" : `${rooms} rooms`}, ${hearing} hear a word`,
    rounded(median(sliced, "totalMs")),
    rounded(median(sliced, "longestMs")),
    rounded(worst(sliced)),
    rounded(median(whole, "longestMs")),
    rounded(worst(whole)),
    ...(before === undefined
      ? []
      : [
          rounded(median(before, "longestMs")),
          rounded(worst(before)),
          `${rounded(median(before, "totalMs") / median(sliced, "totalMs"))}x`,
          `${rounded(worst(before) / worst(sliced))}x`,
        ]),
  ];
});
const head = ["relays", "ms a word", "longest block", "worst", "in one piece", "worst"];
const against = other === undefined ? [] : ["there", "worst", "work less", "block less"];
console.log(`Learning from one word, ms: median of ${WORDS} words with ${KEPT_WORDS} known, and the worst\n`);
console.log(aligned([[...head, ...against], ...lines]));
