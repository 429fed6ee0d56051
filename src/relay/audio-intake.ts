/** The order of the frames of one relay: what is missing between them, and what comes twice. */
import type { AudioFrame } from "./audio-frame.ts";
import { ProtocolError } from "./protocol-error.ts";

/** Claims whose sound is followed; older ones are over. */
const MOST_FOLLOWED = 8;

interface Followed {
  sequence: number;
  firstSample: number;
  ended: boolean;
}

export type Taken = { readonly kind: "next"; readonly missingSamples: number } | { readonly kind: "again" };

export class AudioIntake {
  readonly #followed = new Map<string, Followed>();
  /** Frames that never came. */
  lostFrames = 0;

  /** @throws ProtocolError for sound that goes back in time, or comes behind its end */
  take({ kind, number, sequence, firstSample, pcm }: Omit<AudioFrame, "connection" | "fence" | "atMs">): Taken {
    const followed = this.#follow(`${kind} ${number}`, firstSample);
    if (followed.ended)
      throw new ProtocolError(
        "after_end",
        `sound for ${kind} ${number}, which had ended`,
        "send nothing behind audio_end",
      );
    if (sequence < followed.sequence) return { kind: "again" };
    const missingSamples = firstSample - followed.firstSample;
    if (missingSamples < 0) {
      throw new ProtocolError(
        "goes_back",
        `frame ${sequence} of ${kind} ${number} begins at sample ${firstSample}, ${-missingSamples} before the end of the one before`,
        "frames of one number follow each other and do not overlap",
      );
    }
    this.lostFrames += sequence - followed.sequence;
    followed.sequence = sequence + 1;
    followed.firstSample = firstSample + pcm.length;
    return { kind: "next", missingSamples };
  }

  /** @returns the sample behind its last; undefined where it had ended before */
  end(claim: number): number | undefined {
    const followed = this.#follow(`claim ${claim}`, 0);
    if (followed.ended) return undefined;
    followed.ended = true;
    return followed.firstSample;
  }

  #follow(key: string, firstSample: number): Followed {
    const known = this.#followed.get(key);
    if (known !== undefined) return known;
    const followed = { sequence: 0, firstSample, ended: false };
    this.#followed.set(key, followed);
    for (const old of this.#followed.keys()) if (this.#followed.size > MOST_FOLLOWED) this.#followed.delete(old);
    return followed;
  }
}
