/** The loud sound that sets gains: noise out of this device's loudspeaker, which every microphone in the room hears. */

/** As long as a word, and not longer than Earshot listens behind the time of listening. */
const SECONDS = 0.6;
/** At its ends, so that it does not click. */
const RAMP_SECONDS = 0.01;
/** Browsers let a page play only because somebody has pressed a button: to be called from there. */
export function playBurst(afterMs: number): void {
  const context = new AudioContext();
  const { sampleRate } = context;
  const buffer = context.createBuffer(1, Math.round(SECONDS * sampleRate), sampleRate);
  const samples = buffer.getChannelData(0);
  const ramp = RAMP_SECONDS * sampleRate;
  for (let i = 0; i < samples.length; i++) {
    const edge = Math.min(1, i / ramp, (samples.length - i) / ramp);
    samples[i] = 0.9 * edge * (2 * Math.random() - 1);
  }
  const source = context.createBufferSource();
  source.buffer = buffer;
  source.connect(context.destination);
  source.onended = () => void context.close();
  source.start(context.currentTime + afterMs / 1000);
}
