/** Plays what the hub answers, gaplessly as it comes, and the sign that it is this microphone that answers. */

/** A moment to hand over the first piece in. */
const LEAD_S = 0.05;
const CHIME_HZ = [660, 880] as const;
const CHIME_NOTE_S = 0.09;
const CHIME_GAIN = 0.15;

export class Player {
  readonly #context: AudioContext;
  readonly #sources = new Set<AudioBufferSourceNode>();
  #endS = 0;
  #rateHz = 0;

  constructor(context: AudioContext) {
    this.#context = context;
  }

  /** Another reply begins. What still plays of an older one is over. */
  begin(rateHz: number): void {
    this.stop();
    this.#rateHz = rateHz;
    this.#endS = this.#context.currentTime + LEAD_S;
  }

  push(pcm: Int16Array): void {
    if (this.#rateHz === 0) return;
    const buffer = this.#context.createBuffer(1, pcm.length, this.#rateHz);
    const samples = buffer.getChannelData(0);
    for (let i = 0; i < pcm.length; i++) samples[i] = (pcm[i] ?? 0) / 32768;
    const source = new AudioBufferSourceNode(this.#context, { buffer });
    source.connect(this.#context.destination);
    source.onended = () => this.#sources.delete(source);
    const startS = Math.max(this.#endS, this.#context.currentTime);
    source.start(startS);
    this.#sources.add(source);
    this.#endS = startS + buffer.duration;
  }

  /** How long what was pushed still plays, ms. */
  get leftMs(): number {
    return Math.max(0, this.#endS - this.#context.currentTime) * 1000;
  }

  chime(): void {
    const fromS = this.#context.currentTime + LEAD_S / 5;
    const gain = new GainNode(this.#context, { gain: CHIME_GAIN });
    gain.connect(this.#context.destination);
    CHIME_HZ.forEach((frequency, index) => {
      const note = new OscillatorNode(this.#context, { frequency });
      note.connect(gain);
      note.start(fromS + index * CHIME_NOTE_S);
      note.stop(fromS + (index + 1) * CHIME_NOTE_S);
    });
    const endS = fromS + CHIME_HZ.length * CHIME_NOTE_S;
    // Without a fade the end is a click.
    gain.gain.setValueAtTime(CHIME_GAIN, endS - CHIME_NOTE_S);
    gain.gain.linearRampToValueAtTime(0, endS);
  }

  stop(): void {
    for (const source of this.#sources) source.stop();
    this.#sources.clear();
    this.#endS = 0;
    this.#rateHz = 0;
  }
}
