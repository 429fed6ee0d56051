// WAV files (RIFF WAVE), written: what speech servers and programs take.

const HEADER_BYTES = 44;
const PCM = 1;

/** @returns a WAV file of mono s16 samples */
export function wavOf(samples: Int16Array, sampleRateHz = 16_000): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEADER_BYTES + samples.byteLength);
  const view = new DataView(bytes.buffer);
  const tag = (at: number, text: string) => bytes.set(new TextEncoder().encode(text), at);
  tag(0, "RIFF");
  view.setUint32(4, bytes.length - 8, true);
  tag(8, "WAVE");
  tag(12, "fmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, PCM, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, sampleRateHz, true);
  view.setUint32(28, sampleRateHz * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  tag(36, "data");
  view.setUint32(40, samples.byteLength, true);
  // All machines that Earshot runs on are little-endian, as WAV is.
  new Int16Array(bytes.buffer, HEADER_BYTES).set(samples);
  return bytes;
}
