/** The configuration as the threads share it: one text with a generation, written by one of them at a time. */
import type { CONFIGURATION } from "../memory/layout.ts";
import type { RecordReader, RecordWriter } from "../memory/record.ts";
import type { Config } from "./schema.ts";

/** For any thread: hands out the configuration when it is a new one. */
export class SharedConfig {
  readonly #reader: RecordReader<typeof CONFIGURATION.fields>;
  #generation = -1;
  #config: Config;

  constructor(reader: RecordReader<typeof CONFIGURATION.fields>) {
    this.#reader = reader;
    reader.refresh();
    this.#config = JSON.parse(reader.value.json) as Config;
  }

  get current(): Config {
    return this.#config;
  }

  get generation(): number {
    return this.#reader.value.generation;
  }

  /** @returns true the first time, and whenever the configuration changed since the last call */
  changed(): boolean {
    this.#reader.refresh();
    const { generation, json } = this.#reader.value;
    // Empty: its writer died in the middle of it, and its successor has not written it anew yet.
    if (generation === this.#generation || json === "") return false;
    // It was checked by the schema before it was written here.
    this.#config = JSON.parse(json) as Config;
    this.#generation = generation;
    return true;
  }
}

/** For the main thread before the workers start, then for the web worker. @returns the new generation */
export function publishConfig(writer: RecordWriter<typeof CONFIGURATION.fields>, config: Config): number {
  writer.value.generation++;
  writer.value.json = JSON.stringify(config);
  writer.publish();
  return writer.value.generation;
}
