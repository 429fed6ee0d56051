// What follows a verdict, by a configuration, with a hub that the test plays: whoever is loud speaks.

import { loadConfig } from "../../src/config/load.ts";
import { SpeechEnds } from "../../src/detect/speech-ends.ts";
import type { CommandEvent } from "../../src/hub/activation.ts";
import type { Granted, Hub } from "../../src/hub/hub.ts";
import type { Reply } from "../../src/hub/reply.ts";
import { SharedMemory } from "../../src/memory/shared-memory.ts";
import { SpokenCommands } from "../../src/web/spoken-commands.ts";
import { granted, LOUD_IS_VOICE } from "../command/small-commands.ts";
import { sourcesOf } from "../config/sources.ts";

const LIMIT_MS = 5000;

export class SpokenHouse {
  readonly memory = SharedMemory.create({ streams: 1, relays: 1 });
  readonly clock = { nowMs: 1000, unixMs: Date.UTC(2026, 10, 22, 8, 36, 59, 123) };
  readonly logged: { readonly event: string; readonly fields: Record<string, unknown> }[] = [];
  readonly told: CommandEvent[] = [];
  readonly replies: Reply[] = [];
  /** What relays were to say. */
  readonly said: string[] = [];
  /** Sound that the hub was given: that nothing follows. */
  readonly ended: number[] = [];
  readonly commands: SpokenCommands;
  readonly #ends = new SpeechEnds({ memory: this.memory, voice: LOUD_IS_VOICE });
  #config;
  #fence = 0;

  constructor(yaml: string) {
    this.#config = loadConfig(sourcesOf(yaml)).config;
    const log = (event: string, fields: Record<string, unknown>) => void this.logged.push({ event, fields });
    const hub = {
      seats: new Map(),
      enough: () => {},
      sound: (_sender: unknown, { fence }: { readonly fence: number }) => void this.ended.push(fence),
      reply: (_fence: number, reply: Reply) => this.replies.push(reply) > 0,
      finish: (fence: number) => this.commands.over(fence, "finished"),
    };
    this.commands = new SpokenCommands({
      memory: this.memory,
      config: () => this.#config,
      hub: () => hub as unknown as Hub,
      told: (event) => void this.told.push(event),
      said: (relayId, { text }) => void this.said.push(`${relayId}: ${text}`),
      scores: () => ({ alexa: 0.1, timer: 0.2 }),
      thresholdOf: () => 0.35,
      muted: () => false,
      hostName: "here",
      monotonicMs: () => this.clock.nowMs,
      unixMs: () => this.clock.unixMs,
      log: { info: log, warn: log },
    });
    this.commands.look();
  }

  configure(yaml: string): void {
    this.#config = loadConfig(sourcesOf(yaml)).config;
    this.commands.look();
  }

  /** A relay is granted a word. @returns whether a sink takes its command */
  grant(over: Partial<Granted> = {}): boolean {
    return this.commands.granted({ ...granted(++this.#fence), ...over });
  }

  /** All of it at once, of the newest grant, until inference and web have nothing to do any more. */
  async say(pcm: Int16Array): Promise<void> {
    const place = { missingSamples: 0, last: false, fence: this.#fence, relayId: "kitchen", claim: 1 };
    this.commands.sound({ ...place, pcm: pcm.slice() });
    while (await this.#ends.step()) this.commands.look();
  }

  /** Until something is so: what a program does, or a file system. */
  async until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    for (const limitMs = performance.now() + LIMIT_MS; performance.now() < limitMs; await Bun.sleep(5)) {
      if (await holds()) return;
    }
    throw new Error(`not within ${LIMIT_MS} ms: ${what}`);
  }
}
