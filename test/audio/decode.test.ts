import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DecodeError, decodeAudio, readAudioFile } from "../../src/audio/decode.ts";
import { rms } from "../../src/audio/levels.ts";
import { resampleAll } from "../../src/audio/resampler.ts";
import { encodeWav } from "../support/encode-wav.ts";

const speech = join(import.meta.dir, "../../../shared/audio/alexa");
const folder = mkdtempSync(join(tmpdir(), "earshot-decode-"));
afterAll(() => rmSync(folder, { recursive: true }));

const ramp = Int16Array.from({ length: 1600 }, (_, i) => i * 40 - 32_000);

test("a 16 kHz mono WAV file comes out bit for bit", async () => {
  const path = join(folder, "ramp.wav");
  await Bun.write(path, encodeWav(ramp));
  expect(await readAudioFile(path)).toEqual(ramp);
});

test("a file that is absent, no sound file, damaged or empty is an error that names it", async () => {
  const absent = join(folder, "absent.wav");
  expect(readAudioFile(absent)).rejects.toThrow(`${absent}: cannot be read: ENOENT`);
  expect(readAudioFile(absent)).rejects.toThrow(DecodeError);
  expect(decodeAudio(new TextEncoder().encode("just text, nothing more"), "x.txt")).rejects.toThrow("x.txt: ");
  expect(decodeAudio(encodeWav(ramp).subarray(0, 1000), "x.wav")).rejects.toThrow("x.wav: the WAV file is truncated");
  expect(decodeAudio(encodeWav(new Int16Array()), "x.wav")).rejects.toThrow("x.wav: it holds no audio");
  expect(decodeAudio(new TextEncoder().encode("fLaC and then rubbish"), "x.flac")).rejects.toThrow("x.flac: ");
});

test("a long WAV file shows progress at every step, and resampled in pieces it is what it is at once", async () => {
  const long = Int16Array.from({ length: 200_001 }, (_, i) => Math.round(9000 * Math.sin(i / 7)));
  const bytes = encodeWav(long);
  new DataView(bytes.buffer).setUint32(24, 44_100, true);
  const path = join(folder, "long.wav");
  await Bun.write(path, bytes);
  let steps = 0;
  expect(await readAudioFile(path, () => steps++)).toEqual(resampleAll(long, 44_100));
  expect(steps).toBeGreaterThan(200_001 / 20_000);
});

test("a file larger than memory allows is refused before it is read, and the error says what to do", async () => {
  const path = join(folder, "large.wav");
  writeFileSync(path, "");
  truncateSync(path, 2 ** 30 + 1);
  expect(readAudioFile(path)).rejects.toThrow("at most 1024 are kept in memory: cut it into shorter files");
});

const canCompare = existsSync(speech) && Bun.which("sox") !== null && Bun.which("flac") !== null;
if (!canCompare) console.log("skipped: decoding real speech, which needs ../shared/audio, sox and flac");

describe.skipIf(!canCompare)("real speech", () => {
  const clips = canCompare ? readdirSync(speech).sort().slice(0, 5) : [];

  async function reference(path: string): Promise<Int16Array> {
    const raw = await Bun.$`flac -d -c -s --force-raw-format --endian=little --sign=signed ${path}`.quiet();
    return new Int16Array(new Uint8Array(raw.stdout).buffer);
  }

  test("FLAC comes out bit for bit", async () => {
    for (const clip of clips) {
      expect(await readAudioFile(join(speech, clip))).toEqual(await reference(join(speech, clip)));
    }
  });

  test("a long FLAC file loses nothing where it is cut for decoding", async () => {
    const path = join(folder, "noise.flac");
    await Bun.$`sox -R -n -r 16000 -b 16 -c 1 ${path} synth 300 whitenoise vol 0.5`.quiet();
    expect(Buffer.from((await readAudioFile(path)).buffer).equals(Buffer.from((await reference(path)).buffer))).toBe(
      true,
    );
  });

  test("FLAC shows progress while it is decoded", async () => {
    let steps = 0;
    await readAudioFile(join(speech, clips[0] ?? ""), () => steps++);
    expect(steps).toBeGreaterThan(2);
  });

  test("Ogg and MP3, also at another rate and in stereo, are what sox makes of them", async () => {
    const clip = join(speech, clips[0] ?? "");
    for (const file of ["speech.ogg", "speech.mp3"]) {
      const [encoded, bySox] = [join(folder, file), join(folder, `${file}.wav`)];
      await Bun.$`sox ${clip} -r 44100 -c 2 ${encoded}`.quiet();
      await Bun.$`sox ${encoded} -r 16000 -c 1 -b 16 ${bySox}`.quiet();
      const [ours, theirs] = [await readAudioFile(encoded), await readAudioFile(bySox)];
      // Decoders differ in how much of an MP3's padding they keep.
      expect(Math.abs(ours.length - theirs.length)).toBeLessThan(1000);
      expect(rms(ours) / rms(theirs)).toBeCloseTo(1, 1);
    }
  });
});
