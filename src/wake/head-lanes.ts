/**
 * The heads of an engine by the scale they were trained at: a lane for each scale that some head needs. A stream has
 * features of its own in each of them, and what is heard at one scale tells nothing at the other.
 */
import type { Beginning, FeatureState, InputScale } from "./features.ts";
import { type BankedHead, type HeadBank, openHeadBank } from "./head-bank.ts";

export interface LanedHead extends BankedHead {
  readonly inputScale: InputScale;
}

export interface HeadLane {
  readonly beginning: Beginning;
  /** How many embeddings the heads of the lane look back over, at most. */
  readonly window: number;
}

/** Where the scores of one stream come from and go. */
export interface LaneScoring {
  /** A past for each of {@link LanedHeads.lanes}, the same objects at every hop of a stream. */
  readonly pasts: readonly FeatureState[];
  /** Receives the score of each head. */
  readonly scores: Float32Array;
  /** Receives which of its outputs that is of. */
  readonly classes: Uint16Array;
}

export interface LanedHeads {
  /** At least one: without any head, streams are heard as openWakeWord hears them. */
  readonly lanes: readonly HeadLane[];
  /** Heads that share a run with others. */
  readonly merged: readonly number[];
  /** Heads that do not though that was wanted, and why. */
  readonly alone: HeadBank["alone"];
  score(streams: readonly LaneScoring[]): Promise<void>;
  release(): Promise<void>;
}

/** A bank, and for each of its heads its place among all. */
interface Lane extends HeadLane {
  readonly bank: HeadBank;
  readonly places: readonly number[];
}

/**
 * Opens a bank for each scale.
 *
 * @throws onnxruntime's Error where a head cannot be opened
 */
export async function openHeadLanes(
  heads: readonly LanedHead[],
  merge: boolean,
  beginningOf: (scale: InputScale) => Promise<Beginning>,
): Promise<LanedHeads> {
  const lanes: Lane[] = [];
  const release = async (): Promise<void> => {
    await Promise.all(lanes.map(({ bank }) => bank.release()));
  };
  const scales = new Set<InputScale>(heads.length === 0 ? ["int16"] : heads.map(({ inputScale }) => inputScale));
  try {
    for (const scale of scales) {
      const places = [...heads.keys()].filter((place) => heads[place]?.inputScale === scale);
      const own = heads.filter(({ inputScale }) => inputScale === scale);
      const window = Math.max(1, ...own.map(({ head }) => head.window));
      const beginning = await beginningOf(scale);
      lanes.push({ beginning, window, bank: await openHeadBank(own, merge), places });
    }
  } catch (error) {
    await release();
    throw error;
  }

  const scoreLane = async ({ bank, places }: Lane, index: number, streams: readonly LaneScoring[]): Promise<void> => {
    const own = streams.flatMap(({ pasts, scores, classes }) => {
      const past = pasts[index];
      return past ? [{ past, scores, classes }] : [];
    });
    if (lanes.length === 1) return bank.score(own);
    const apart = own.map(({ past }) => ({
      past,
      scores: new Float32Array(places.length),
      classes: new Uint16Array(places.length),
    }));
    await bank.score(apart);
    for (const [i, { scores, classes }] of own.entries()) {
      for (const [from, place] of places.entries()) {
        scores[place] = apart[i]?.scores[from] ?? 0;
        classes[place] = apart[i]?.classes[from] ?? 0;
      }
    }
  };

  return {
    lanes,
    merged: lanes.flatMap(({ bank, places }) => bank.merged.map((index) => places[index] ?? index)),
    alone: lanes.flatMap(({ bank, places }) =>
      bank.alone.map(({ index, reason }) => ({ index: places[index] ?? index, reason })),
    ),
    async score(streams) {
      if (streams.length === 0) return;
      for (const [index, lane] of lanes.entries()) await scoreLane(lane, index, streams);
    },
    release,
  };
}
