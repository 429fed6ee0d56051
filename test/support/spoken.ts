/** Synthetic speech for tests, from Debian's espeak-ng. */

const WAV_DATA_TAG = 0x61746164;
const ESPEAK_RATE_HZ = 22_050;
const RATE_HZ = 16_000;

export const espeakIsHere: boolean = Bun.which("espeak-ng") !== null;

/**
 * A phrase as 16 kHz mono samples, said by espeak-ng's received-pronunciation voice.
 *
 * Resampled by straight lines: it need not be beautiful, only the same for all who score it.
 */
export async function spoken(phrase: string): Promise<Int16Array> {
  const speaker = Bun.spawn(["espeak-ng", "-v", "en-gb-x-rp", "--stdout", phrase], { stderr: "ignore" });
  const wav = await new Response(speaker.stdout).arrayBuffer();
  const view = new DataView(wav);
  let at = 12;
  while (view.getUint32(at, true) !== WAV_DATA_TAG) at += 8 + view.getUint32(at + 4, true);
  // espeak-ng cannot know the length of what it streams: the rest of the file is the sound.
  const source = new Int16Array(wav.slice(at + 8, at + 8 + Math.floor((wav.byteLength - at - 8) / 2) * 2));
  return Int16Array.from({ length: Math.floor(((source.length - 1) * RATE_HZ) / ESPEAK_RATE_HZ) }, (_, i) => {
    const position = (i * ESPEAK_RATE_HZ) / RATE_HZ;
    const left = Math.floor(position);
    const share = position - left;
    return Math.round((source[left] ?? 0) * (1 - share) + (source[left + 1] ?? 0) * share);
  });
}
