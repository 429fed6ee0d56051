/**
 * The configuration as the threads share it, and the models that were found beside it: one text with a generation,
 * written by one of them at a time.
 */
import type { CONFIGURATION } from "../memory/layout.ts";
import type { RecordReader, RecordWriter } from "../memory/record.ts";
import type { FoundModel } from "./found-models.ts";
import type { Config } from "./schema.ts";

/** What is written there. */
export interface Published {
  readonly config: Config;
  readonly found: readonly FoundModel[];
}

/** For any thread: hands out the configuration when it is a new one. */
export class SharedConfig {
  readonly #reader: RecordReader<typeof CONFIGURATION.fields>;
  #generation = -1;
  #published: Published;

  constructor(reader: RecordReader<typeof CONFIGURATION.fields>) {
    this.#reader = reader;
    reader.refresh();
    this.#published = publishedIn(reader.value.json);
  }

  get current(): Config {
    return this.#published.config;
  }

  /** What lies in the models folder, in the order of the files' names. */
  get found(): readonly FoundModel[] {
    return this.#published.found;
  }

  get generation(): number {
    return this.#reader.value.generation;
  }

  /** @returns true the first time, and whenever the configuration or the models folder changed since the last call */
  changed(): boolean {
    this.#reader.refresh();
    const { generation, json } = this.#reader.value;
    // Empty: its writer died in the middle of it, and its successor has not written it anew yet.
    if (generation === this.#generation || json === "") return false;
    this.#published = publishedIn(json);
    this.#generation = generation;
    return true;
  }
}

/** It was checked by the schema before it was written there. */
export function publishedIn(json: string): Published {
  return JSON.parse(json) as Published;
}

/** For the main thread before the workers start, then for the web worker. @returns the new generation */
export function publishConfig(
  writer: RecordWriter<typeof CONFIGURATION.fields>,
  config: Config,
  found: readonly FoundModel[] = [],
): number {
  const published: Published = { config, found };
  writer.value.generation++;
  writer.value.json = JSON.stringify(published);
  writer.publish();
  return writer.value.generation;
}
