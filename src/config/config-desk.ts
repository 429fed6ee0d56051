/**
 * Where configuration changes are made while the program runs: one at a time, checked, published to the other threads
 * and written back. Runs in the web worker. Files are handed in.
 */
import type { CONFIGURATION } from "../memory/layout.ts";
import type { RecordWriter } from "../memory/record.ts";
import { type PreparedChange, prepareChange, reloadedChange } from "./change.ts";
import { ConfigError } from "./config-error.ts";
import { type ConfigSources, loadConfig } from "./load.ts";
import type { Config } from "./schema.ts";
import { publishConfig } from "./shared-config.ts";

export interface ConfigFile {
  /** undefined when there is no such file. @throws when it cannot be read */
  read(): Promise<string | undefined>;
  /** Replaces it atomically. @throws when it cannot be written */
  write(text: string): Promise<void>;
}

export interface ConfigDeskOptions {
  readonly sources: ConfigSources;
  readonly file: ConfigFile;
  readonly record: RecordWriter<typeof CONFIGURATION.fields>;
  /** Waits until the workers go by this generation. @returns those that do not yet */
  readonly settled: (generation: number) => Promise<readonly string[]>;
}

export interface ChangeReport {
  /** Settings that have another value now. */
  readonly applied: readonly string[];
  /** Settings that were changed and count after a restart. */
  readonly needsRestart: readonly string[];
  /** Workers that did not yet say that they go by the new values. */
  readonly pending: readonly string[];
  /** Whether the file has it. */
  readonly written: boolean;
  readonly file: string;
  /** Why it was not written. */
  readonly warning: string | undefined;
}

export class ConfigDesk {
  readonly #options: ConfigDeskOptions;
  #sources: ConfigSources;
  #config: Config;
  #queue: Promise<unknown> = Promise.resolve();
  /** The file's text of which a complaint was made already. */
  #complainedOf: string | undefined;
  /** What is wrong with the file now, if it was edited into something that is no configuration. */
  fileError: ConfigError | undefined;

  constructor(options: ConfigDeskOptions) {
    this.#options = options;
    this.#sources = options.sources;
    this.#config = JSON.parse(options.record.value.json) as Config;
  }

  get current(): Config {
    return this.#config;
  }

  get file(): string {
    return this.#sources.file;
  }

  /**
   * Changes a part of the configuration.
   * @throws ConfigError, FixedSettingError
   */
  change(patch: unknown): Promise<ChangeReport> {
    return this.#inTurn(async () => {
      await this.#adopt();
      const prepared = prepareChange(this.#sources, this.#config, patch);
      const warning = prepared.text === this.#sources.text ? undefined : await this.#write(prepared.text);
      return this.#publish(prepared, warning);
    });
  }

  /** Looks whether somebody edited the file. @returns what that changed, or undefined */
  reload(): Promise<ChangeReport | undefined> {
    return this.#inTurn(() => this.#adopt());
  }

  /** A file that is no configuration is left alone, and the last good one goes on. */
  async #adopt(): Promise<ChangeReport | undefined> {
    const text = await this.#options.file.read();
    if (text === this.#sources.text || text === this.#complainedOf) return undefined;
    const sources = { ...this.#sources, text };
    try {
      const prepared = reloadedChange(sources, this.#config);
      this.#sources = sources;
      this.fileError = undefined;
      this.#complainedOf = undefined;
      return await this.#publish(prepared, undefined);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      this.fileError = error;
      this.#complainedOf = text;
      throw error;
    }
  }

  async #publish(prepared: PreparedChange, warning: string | undefined): Promise<ChangeReport> {
    const { changed, needsRestart } = prepared;
    this.#config = prepared.config;
    let pending: readonly string[] = [];
    if (changed.length > 0) pending = await this.#options.settled(publishConfig(this.#options.record, prepared.config));
    const applied = changed.filter((setting) => !needsRestart.includes(setting));
    const { file } = this.#sources;
    return { applied, needsRestart, pending, written: warning === undefined, file, warning };
  }

  /** @returns why it could not be written */
  async #write(text: string): Promise<string | undefined> {
    // What cannot be kept is still used while the program runs, so the next change builds on it.
    this.#sources = { ...this.#sources, text };
    try {
      await this.#options.file.write(text);
      return undefined;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return `it holds until the program ends: ${this.#sources.file} could not be written: ${reason}`;
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(work);
    this.#queue = turn.catch(() => {});
    return turn;
  }
}

/** The text as it was when the program started, checked again: what the desk starts from. @throws ConfigError */
export function checkSources(sources: ConfigSources): Config {
  return loadConfig(sources).config;
}
