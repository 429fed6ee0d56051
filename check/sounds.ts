/** What the long check listens to: speech, wake words and music, from this machine and from Debian packages. */
import { homedir } from "node:os";
import { join } from "node:path";
import { type Clip, readClip } from "../bench/accuracy/clips.ts";
import { debianCorpora, recordedCorpora } from "../bench/accuracy/corpora.ts";
import type { Random } from "../bench/accuracy/seeded.ts";
import { chords } from "../test/support/mixed-sound.ts";

/** Something to listen to cannot be had. The message says what and where it was looked for. */
export class NoSoundError extends Error {
  override readonly name = "NoSoundError";
}

/** Every function gives 16 kHz mono s16, chosen by the numbers it is handed; at least a second. */
export interface Sounds {
  /** Somebody talks; a wake word now and then. */
  readonly speech: (random: Random) => Promise<Int16Array>;
  readonly word: (random: Random) => Promise<Int16Array>;
  readonly music: (seconds: number, random: Random) => Promise<Int16Array>;
  /** A sentence that says what they come from. */
  readonly origin: string;
}

export interface SoundOptions {
  /** Whether the speech and music of Debian packages are fetched, once. */
  readonly debian: boolean;
  readonly seed: number;
  /** Told what is left out, and why. */
  readonly onLeftOut: (message: string) => void;
}

const ROOT = join(import.meta.dir, "..");
const RECORDINGS = join(ROOT, "../shared/audio");
const DEMO_WORD = join(ROOT, "demo/alexa.wav");
const RATE_HZ = 16_000;
/** Of each Debian package, so that none of them drowns the others. */
const MOST_MS = 600_000;
/** Of clips that hold a wake word, among speech. */
const WORD_SHARE = 0.1;
const LEAST_SAMPLES = RATE_HZ;
const CHORDS_LEVEL = 0.3;

/** @throws NoSoundError where there is no speech, neither recorded nor in Debian packages */
export async function gatherSounds({ debian, seed, onLeftOut }: SoundOptions): Promise<Sounds> {
  const recorded = await recordedCorpora(RECORDINGS, onLeftOut);
  const cacheFolder = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "earshot");
  const fetched = debian ? await debianCorpora({ cacheFolder, mostMs: MOST_MS, quick: false, seed, onLeftOut }) : [];
  const isMusic = ({ name }: { readonly name: string }): boolean => name === "music";
  const says = recorded.filter((corpus) => corpus.says !== undefined || corpus.nearlySays !== undefined);
  const talks = [...recorded.filter((corpus) => !says.includes(corpus)), ...fetched.filter((one) => !isMusic(one))];
  if (talks.length === 0) {
    const packages = debian ? "in Debian packages that can be had" : "in Debian packages, which were not asked for";
    throw new NoSoundError(`there is no speech to listen to, neither at ${RECORDINGS} nor ${packages}`);
  }
  const demo: Clip = { id: "demo/alexa", source: { kind: "sound file", path: DEMO_WORD }, roughMs: 1500 };
  const words = says.length > 0 ? says.map(({ clips }) => clips) : [[demo]];
  const songs = fetched.filter(isMusic).flatMap(({ clips }) => clips);

  const read = kept();
  /** One of them, each corpus as likely as the others. */
  const oneOf = async (corpora: readonly (readonly Clip[])[], random: Random): Promise<Int16Array> => {
    const clips = pick(corpora, random) ?? [];
    return atLeast(LEAST_SAMPLES, await read(pick(clips, random) ?? demo));
  };
  return {
    speech: (random) => oneOf(random() < WORD_SHARE ? words : talks.map(({ clips }) => clips), random),
    word: (random) => oneOf(words, random),
    async music(seconds, random) {
      const song = pick(songs, random);
      if (!song) return chords(seconds, CHORDS_LEVEL, Math.floor(random() * 2 ** 32));
      const pcm = await read(song);
      const from = Math.floor(random() * pcm.length);
      return Int16Array.from({ length: seconds * RATE_HZ }, (_, i) => pcm[(from + i) % pcm.length] ?? 0);
    },
    origin: `${[...recorded, ...fetched].map(({ name }) => name).join(", ")}${songs.length > 0 ? "" : ", chords"}`,
  };
}

export function pick<T>(items: readonly T[], random: Random): T | undefined {
  return items[Math.floor(random() * items.length)];
}

/** Reads clips, and keeps them: the same ones are wanted again and again. */
function kept(): (clip: Clip) => Promise<Int16Array> {
  const pcms = new Map<string, Promise<Int16Array>>();
  return (clip) => {
    const pcm = pcms.get(clip.id) ?? readClip(clip);
    pcms.set(clip.id, pcm);
    return pcm;
  };
}

function atLeast(samples: number, pcm: Int16Array): Int16Array {
  if (pcm.length >= samples) return pcm;
  const longer = new Int16Array(samples);
  longer.set(pcm);
  return longer;
}
