/** What an engine keeps of one stream: its features in each lane, and whether the network sleeps over it. */
import { EnergyGate } from "./energy-gate.ts";
import type { FeatureState, Features } from "./features.ts";
import type { HeadLane } from "./head-lanes.ts";

export class Listening {
  readonly #features: Features<FeatureState>;
  readonly #gate: EnergyGate | undefined;
  #lanes: readonly HeadLane[] = [];
  #states: readonly FeatureState[] = [];
  #asleep = false;
  /** Whether a hop is under way. */
  busy = false;
  /** Which of its outputs the newest score of each model is of. */
  classes = new Uint16Array(0);

  constructor(features: Features<FeatureState>, gate: boolean) {
    this.#features = features;
    this.#gate = gate && features.maySleep ? new EnergyGate() : undefined;
  }

  /** The features in each of the lanes that were taken up last. */
  get states(): readonly FeatureState[] {
    return this.#states;
  }

  /** Whether the network slept over the newest hop. */
  get asleep(): boolean {
    return this.#asleep;
  }

  /** Hops that must go through the network before there are scores of the newest. */
  get behind(): number {
    if (this.#asleep) return 0;
    let most = 0;
    for (const { behind } of this.#states) most = Math.max(most, behind);
    return most;
  }

  /** Has features in these lanes and no others: those it had go on, new ones begin as a stream that has heard nothing. */
  takeUp(lanes: readonly HeadLane[]): void {
    if (lanes === this.#lanes) return;
    const sleeps = this.#gate !== undefined;
    this.#states = lanes.map(({ beginning }) => {
      const kept = this.#states.find((state) => state.beginning === beginning);
      return kept ?? this.#features.newState({ beginning, sleeps });
    });
    this.#lanes = lanes;
  }

  /** Takes the next 80 ms. @returns a promise only where it has to wait */
  hear(pcm: Int16Array): Promise<void> | undefined {
    this.#asleep = this.#gate?.push(pcm) === false;
    return this.#hearFrom(0, pcm);
  }

  /** In one lane after the other: the mel graph takes one at a time. */
  #hearFrom(lane: number, pcm: Int16Array): Promise<void> | undefined {
    for (let i = lane; i < this.#states.length; i++) {
      const state = this.#states[i];
      const waiting = state && this.#features.hear(state, pcm);
      if (waiting) return waiting.then(() => this.#hearFrom(i + 1, pcm));
    }
    return undefined;
  }

  /** The features that have a hop to embed, in no lane less than its heads look back over. None while it sleeps. */
  rouse(): readonly FeatureState[] {
    if (this.#asleep) return [];
    for (const [i, state] of this.#states.entries()) this.#features.rouse(state, this.#lanes[i]?.window ?? 1);
    return this.#states.filter(({ behind }) => behind > 0);
  }

  /** Back to a stream that has heard nothing. */
  reset(): void {
    for (const state of this.#states) this.#features.restart(state);
    this.#begin();
  }

  /** To a stream that has heard nothing but more of this hop, for ever. */
  async settle(pcm: Int16Array): Promise<void> {
    for (const state of this.#states) await this.#features.settle(state, pcm);
    this.#begin();
  }

  #begin(): void {
    this.#gate?.reset();
    this.#asleep = false;
  }
}
