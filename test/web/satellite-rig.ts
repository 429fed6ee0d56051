// A relay within its web worker, before a hub that decides what a test says: shared memory as capture and inference write it,
// and a network whose clock the test turns.
import { type Config, configSchema } from "../../src/config/schema.ts";
import { Guards } from "../../src/hub/guards.ts";
import type { RelayEvent } from "../../src/relay/relay-events.ts";
import { House } from "../../src/web/house.ts";
import { Satellite } from "../../src/web/satellite.ts";
import { type SmallNet, sampleAt, smallNet } from "../relay/small-wire.ts";
import { EPOCH_MS, LivedInHouse } from "./lived-in-house.ts";

const HOP_SAMPLES = 1280;

export interface Word {
  readonly model: string;
  readonly confidence?: number;
}

export class SatelliteRig {
  readonly net: SmallNet = smallNet();
  readonly lived = LivedInHouse.listening();
  readonly ring = this.lived.memory.audioWriter(0);
  readonly events: RelayEvent[] = [];
  /** What the configuration says of the relay. */
  relay: Config["relay"];
  /** By whom it is let in, as it shows itself. */
  readonly dialled: { readonly url: string; readonly token: string | undefined }[] = [];
  token: string | undefined;
  /** Of its token's file. */
  trouble: string | undefined;
  /** What was logged as wrong. */
  readonly warned: (Record<string, unknown> & { readonly event: string })[] = [];
  /** What the loudspeaker was told, and how to tell that it is through. */
  readonly said: string[] = [];
  ended: () => void = () => {};
  /** What a chime does besides: it silences what is said. */
  chimes: () => void = () => {};
  /** Whether the loudspeaker has something to say. */
  isPlaying = false;
  readonly guarded = this.lived.memory.guards.reader();
  house: House;
  satellite: Satellite;
  /** Samples that were heard since the start: the sample with that number is `sampleAt` of it. */
  samples = 0;

  constructor(relay: Partial<Config["relay"]> = {}) {
    this.relay = configSchema.parse({ relay: { hub: "hall", id: "kitchen", ...relay } }).relay;
    this.ring.startEpoch();
    [this.house, this.satellite] = this.#newWorker();
    this.satellite.start();
  }

  /** One that is part of the house, and has heard a second. */
  static joined(relay: Partial<Config["relay"]> = {}): SatelliteRig {
    const rig = new SatelliteRig(relay);
    rig.hear(13);
    return rig;
  }

  get hub() {
    return this.net.hub;
  }

  get state() {
    return this.house.state().activation.state;
  }

  /** As after the death of the web worker: what it knew is gone, its connection too. */
  restart(): void {
    this.net.line().events.closed("the worker died");
    this.satellite.close();
    [this.house, this.satellite] = this.#newWorker();
    this.satellite.start();
  }

  /** So many frames of 80 ms. @param word what inference hears in the last of them */
  hear(frames = 1, word?: Word, score = 0.01): void {
    for (let frame = 1; frame <= frames; frame++) {
      const pcm = Int16Array.from({ length: HOP_SAMPLES }, (_, i) => sampleAt(this.samples + i));
      this.samples += HOP_SAMPLES;
      this.ring.write(pcm, HOP_SAMPLES);
      const heardTo = this.ring.written;
      this.lived.level.value.written = heardTo;
      this.lived.score.value.heardTo = heardTo;
      const frameEndMs = this.lived.nowMs + 80;
      if (word !== undefined && frame === frames) {
        this.lived.detect(word.model, word.confidence, { heardTo, frameEndMs });
      }
      this.lived.hear(0.1, [score]);
      this.look(80);
    }
  }

  /** Time without sound, in steps of 80 ms: workers live, and nothing comes. */
  silence(ms: number): void {
    for (let passed = 0; passed < ms; passed += 80) {
      this.lived.nowMs += 80;
      this.lived.setWorkers("alive");
      this.look(80);
    }
  }

  look(ms: number): void {
    this.house.look();
    this.satellite.look();
    this.net.world.pass(ms);
    this.house.look();
    this.satellite.look();
  }

  types(): string[] {
    return this.events.map(({ type }) => type).filter((type) => type !== "state");
  }

  #newWorker(): [House, Satellite] {
    const rig = this;
    const config = (): Config => ({ ...this.lived.config, relay: this.relay });
    const clocks = { monotonicMs: () => this.lived.nowMs, unixMs: () => EPOCH_MS + this.lived.nowMs };
    const named = { hostName: "kitchen-pi", version: "1.2.3" };
    const house = new House({
      ...clocks,
      ...named,
      memory: this.lived.memory,
      config,
      claim: () => {},
      relays: () => [],
      rounds: () => [],
      satellite: () => this.satellite?.view(),
      wanted: () => 2,
      troubles: () => [],
    });
    const satellite = new Satellite({
      ...clocks,
      ...named,
      memory: this.lived.memory,
      config,
      papers: {
        get token() {
          return rig.token;
        },
        authority: undefined,
        get trouble() {
          return rig.trouble;
        },
      },
      models: () => ["alexa", "hey_jarvis"],
      dial: (url, token) => {
        this.dialled.push({ url, token });
        return this.net.dial;
      },
      random: () => 0.5,
      house: () => house,
      speaker: {
        wake: () => {
          this.chimes();
          this.said.push("chime");
        },
        say: ({ kind, speech }, ended) => {
          this.said.push(`${kind} ${speech?.sampleRateHz ?? "silent"} ${speech?.pcm ?? ""}`);
          this.ended = () => ended?.("heard");
        },
        stop: () => this.said.push("stop"),
        look: () => {},
        get isPlaying() {
          return rig.isPlaying;
        },
      },
      guards: new Guards(this.lived.memory.guards.writer()),
      report: (event) => this.events.push(event),
      log: { info: () => {}, warn: (event, fields) => this.warned.push({ event, ...fields }) },
    });
    return [house, satellite];
  }
}
