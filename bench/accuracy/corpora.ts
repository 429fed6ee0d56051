/** What is listened to: words that should be heard, and hours in which nothing should be. */
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Clip } from "./clips.ts";
import { unpackedPackage } from "./debian-packages.ts";
import { generatedClips } from "./generated-speech.ts";
import { listQueenClips } from "./queen-archive.ts";
import { seededRandom, shuffled } from "./seeded.ts";
import { listSkyClips } from "./sky-archive.ts";

export interface Corpus {
  readonly name: string;
  /** The model whose wake word each clip holds once; without it, clips in which nothing should be heard. */
  readonly says?: string;
  /** The model whose wake word the clips nearly hold: they count for all others alone. */
  readonly nearlySays?: string;
  /** Spoken by a machine. */
  readonly synthetic?: boolean;
  readonly clips: readonly Clip[];
}

export interface CorpusOptions {
  readonly cacheFolder: string;
  /** Of each Debian corpus: so much of it, chosen by `seed`. */
  readonly mostMs: number;
  readonly quick: boolean;
  readonly seed: number;
  /** Told what is left out, and why. */
  readonly onLeftOut: (message: string) => void;
}

const SOUND_FILE = /\.(wav|flac|mp3|ogg|oga|opus)$/i;
const LANGUAGES = ["en", "es", "fr", "it", "ru"];
/** About how long a byte of FLAC, Ogg or MP3 speech lasts; a WAV is shorter. */
const MS_PER_BYTE = 0.1;
const MUSIC_MS_PER_BYTE = 0.06;

/** Every sound file in a folder and its folders. @throws where there is none */
export async function folderClips(folder: string, name: string, msPerByte = MS_PER_BYTE): Promise<readonly Clip[]> {
  const files = (await readdir(folder, { recursive: true })).filter((file) => SOUND_FILE.test(file)).sort();
  if (files.length === 0) throw new Error(`no sound files (WAV, FLAC, MP3, Ogg) in ${folder}`);
  return await Promise.all(
    files.map(async (file) => {
      const path = join(folder, file);
      const roughMs = (await stat(path)).size * msPerByte;
      return { id: `${name}/${file}`, source: { kind: "sound file" as const, path }, roughMs };
    }),
  );
}

/** Real people, beside the project: one folder for each thing that is said. */
export async function recordedCorpora(
  folder: string,
  onLeftOut: (message: string) => void,
): Promise<readonly Corpus[]> {
  const found: Corpus[] = [];
  const roles = [
    { name: "alexa", says: "alexa" },
    { name: "computer" },
    { name: "snowboy" },
    { name: "jarvis", nearlySays: "hey_jarvis" },
  ];
  for (const role of roles) {
    const path = join(folder, role.name);
    try {
      found.push({ ...role, name: `people: ${role.name}`, clips: await folderClips(path, `people/${role.name}`) });
    } catch {
      onLeftOut(`no recordings of real people at ${path}`);
    }
  }
  return found;
}

/** Synthetic wake words, one corpus for each model. */
export async function generatedCorpora(
  models: readonly string[],
  { cacheFolder, onLeftOut }: CorpusOptions,
): Promise<readonly Corpus[]> {
  const found: Corpus[] = [];
  try {
    for (const model of models) {
      const clips = await generatedClips(model, cacheFolder);
      if (clips.length > 0) found.push({ name: `espeak-ng: ${model}`, says: model, synthetic: true, clips });
    }
  } catch (error) {
    onLeftOut(`no generated speech: ${messageOf(error)} (apt-get install espeak-ng)`);
  }
  return found;
}

async function g722Clips(folder: string): Promise<readonly Clip[]> {
  // Asterisk has recordings of silence, too.
  const isSpeech = (file: string): boolean => file.endsWith(".g722") && !file.includes("silence/");
  const files = (await readdir(folder, { recursive: true })).filter(isSpeech).sort();
  return await Promise.all(
    files.map(async (file) => {
      const path = join(folder, file);
      // 64 kbit/s are 8 bytes a millisecond.
      const roughMs = (await stat(path)).size / 8;
      return { id: `asterisk/${file}`, source: { kind: "g722" as const, path }, roughMs };
    }),
  );
}

/** Hours of speech without wake words, and music, as Debian packages have them. */
export async function debianCorpora(options: CorpusOptions): Promise<readonly Corpus[]> {
  const fetched = (name: string) => unpackedPackage(name, options.cacheFolder);
  const asterisk = async (language: string) =>
    await g722Clips(join(await fetched(`asterisk-core-sounds-${language}-g722`), "usr/share/asterisk/sounds"));
  const game = async (name: string, file: string) => join(await fetched(name), "usr/share/scummvm", name, file);
  const sources: readonly { readonly name: string; readonly list: () => Promise<readonly Clip[]> }[] = [
    ...(options.quick ? ["en"] : LANGUAGES).map((language) => ({
      name: `telephone prompts: ${language}`,
      list: () => asterisk(language),
    })),
    {
      name: "music",
      list: async () =>
        await folderClips(
          join(await fetched("pushover-data"), "usr/share/pushover/themes"),
          "music",
          MUSIC_MS_PER_BYTE,
        ),
    },
    ...(options.quick
      ? []
      : [
          {
            name: "game: amazon queen",
            list: async () => await listQueenClips(await game("flight-of-the-amazon-queen", "queen.1c")),
          },
          {
            name: "game: steel sky",
            list: async () => await listSkyClips(await game("beneath-a-steel-sky", "sky.dnr")),
          },
        ]),
  ];
  const found: Corpus[] = [];
  for (const { name, list } of sources) {
    try {
      found.push({ name, clips: sample(await list(), options.mostMs, options.seed, name) });
    } catch (error) {
      options.onLeftOut(`${name}: ${messageOf(error)}`);
    }
  }
  return found;
}

/** Some of the clips, in their own order, together about as long as asked. */
function sample(clips: readonly Clip[], mostMs: number, seed: number, name: string): readonly Clip[] {
  const kept = new Set<string>();
  let leftMs = mostMs;
  for (const { id, roughMs } of shuffled(clips, seededRandom(seed, `sample of ${name}`))) {
    if (leftMs <= 0) break;
    kept.add(id);
    leftMs -= roughMs;
  }
  return clips.filter(({ id }) => kept.has(id));
}

/** A folder of one's own: words that should be heard. */
export async function positivesFrom(folder: string, model: string): Promise<Corpus> {
  return { name: `yours: ${model}`, says: model, clips: await folderClips(folder, `yours/${basename(folder)}`) };
}

/** A folder of one's own: long recordings or clips in which nothing should be heard. */
export async function negativesFrom(folder: string): Promise<Corpus> {
  return { name: `yours: ${basename(folder)}`, clips: await folderClips(folder, `yours/${basename(folder)}`) };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
