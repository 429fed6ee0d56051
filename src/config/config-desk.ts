/**
 * Where configuration changes are made while the program runs: one at a time, checked, published to the other threads
 * and written back. Runs in the web worker. Files are handed in.
 */
import type { CONFIGURATION } from "../memory/layout.ts";
import type { RecordWriter } from "../memory/record.ts";
import { type PreparedChange, prepareChange, reloadedChange } from "./change.ts";
import { ConfigError } from "./config-error.ts";
import { type FoundModel, fittingModels, selectedModels } from "./found-models.ts";
import { type ConfigSources, loadConfig } from "./load.ts";
import type { ModelsFolder } from "./models-folder.ts";
import { type Config, isLoopback, MOST_MODELS } from "./schema.ts";
import { publishConfig, publishedIn } from "./shared-config.ts";

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
  /** What looks for heads in `wake.models_folder`; without it none is found. */
  readonly modelsFolder?: Pick<ModelsFolder, "look" | "trouble">;
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

/** What a look into the models folder changed. */
export interface ModelsReport {
  /** Names of the heads that lie in it now. */
  readonly found: readonly string[];
  /** Workers that did not yet say that they go by it. */
  readonly pending: readonly string[];
}

interface Look {
  readonly text: string | undefined;
  /** Why it could not be read. */
  readonly trouble?: string;
}

export class ConfigDesk {
  readonly #options: ConfigDeskOptions;
  #sources: ConfigSources;
  #config: Config;
  /** What lies in the models folder, and what of it the threads were told. */
  #seenModels: readonly FoundModel[] = [];
  #found: readonly FoundModel[] = [];
  #leftOut: readonly string[] = [];
  #lookingForModels = false;
  #queue: Promise<unknown> = Promise.resolve();
  /** Where the page listens until the program starts again, whatever the configuration says meanwhile. */
  readonly #host: string;
  /** What the file was at the last look: what could not be written into it is not taken back for that. */
  #seen: Look;
  /** What is wrong with the file now, if it was edited into something that is no configuration. */
  fileError: ConfigError | undefined;

  constructor(options: ConfigDeskOptions) {
    this.#options = options;
    this.#sources = options.sources;
    const { json } = options.record.value;
    // Empty: a predecessor died in the middle of writing it.
    if (json === "") {
      this.#config = loadConfig(options.sources).config;
      publishConfig(options.record, this.#config);
    } else {
      const { config, found } = publishedIn(json);
      this.#config = config;
      this.#seenModels = found;
      this.#found = found;
    }
    this.#host = this.#config.web.host;
    this.#seen = { text: options.sources.text };
  }

  get current(): Config {
    return this.#config;
  }

  /** The heads of the models folder that are listened for, as the other threads know them. */
  get found(): readonly FoundModel[] {
    return this.#found;
  }

  /** What is wrong with the models folder. */
  get modelsTrouble(): string | undefined {
    const looked = this.#options.modelsFolder?.trouble;
    if (looked !== undefined) return `${looked}; what was found before goes on`;
    if (this.#leftOut.length === 0) return undefined;
    const files = `${this.#leftOut.slice(0, 3).join(", ")}${this.#leftOut.length > 3 ? ", ..." : ""}`;
    return `${MOST_MODELS} models at most: ${this.#leftOut.length} in the models folder are left out (${files})`;
  }

  /**
   * Changes a part of the configuration.
   * @throws ConfigError, FixedSettingError
   */
  change(patch: unknown): Promise<ChangeReport> {
    return this.#inTurn(async () => {
      await this.#adopt().catch(unlessItIsTheFile);
      const prepared = prepareChange(this.#sources, this.#config, patch);
      this.#refuseToStandOpen(prepared.config);
      const warning = await this.#write(prepared.text);
      return this.#publish(prepared, warning);
    });
  }

  /** Looks whether somebody edited the file. @returns what that changed, or undefined */
  reload(): Promise<ChangeReport | undefined> {
    return this.#inTurn(() => this.#adopt());
  }

  /** Looks whether heads came or went in the models folder. @returns what that changed, or undefined */
  async lookForModels(): Promise<ModelsReport | undefined> {
    const { modelsFolder } = this.#options;
    if (modelsFolder === undefined || this.#lookingForModels) return undefined;
    const folder = this.#config.wake.models_folder;
    this.#lookingForModels = true;
    // Not in turn with the changes: a folder on another machine may take for ever to answer.
    const seen = await modelsFolder.look(folder, this.#seenModels).finally(() => {
      this.#lookingForModels = false;
    });
    return this.#inTurn(async () => {
      if (folder !== this.#config.wake.models_folder) return undefined;
      const before = JSON.stringify(this.#found);
      this.#seenModels = seen;
      this.#fitModels();
      if (JSON.stringify(this.#found) === before) return undefined;
      const pending = await this.#options.settled(publishConfig(this.#options.record, this.#config, this.#found));
      return { found: this.#found.map(({ name }) => name), pending };
    });
  }

  /** As many of those that were seen as the configuration leaves room for. */
  #fitModels(): void {
    const selected = selectedModels(this.#seenModels, this.#sources.onlyModels);
    const { fitting, leftOut } = fittingModels(this.#config, selected);
    this.#found = fitting;
    this.#leftOut = leftOut;
  }

  /** A file that is no configuration is left alone, and the last good one goes on. */
  async #adopt(): Promise<ChangeReport | undefined> {
    const before = this.#seen;
    this.#seen = await this.#look();
    if (this.#seen.trouble === before.trouble && this.#seen.text === before.text) return undefined;
    try {
      // An editor, or whoever deletes and then writes, must not turn every setting back for a moment.
      if (this.#seen.text === undefined && this.#sources.text !== undefined && this.#seen.trouble === undefined) {
        throw this.#problem("", "it is gone: the last good configuration goes on until it is there again");
      }
      if (this.#seen.trouble !== undefined) throw this.#problem("", `it cannot be read: ${this.#seen.trouble}`);
      const sources = { ...this.#sources, text: this.#seen.text };
      const prepared = reloadedChange(sources, this.#config);
      this.#refuseToStandOpen(prepared.config);
      this.#sources = sources;
      this.fileError = undefined;
      return await this.#publish(prepared, undefined);
    } catch (error) {
      if (error instanceof ConfigError) this.fileError = error;
      throw error;
    }
  }

  async #look(): Promise<Look> {
    try {
      return { text: await this.#options.file.read() };
    } catch (error) {
      return { text: undefined, trouble: error instanceof Error ? error.message : String(error) };
    }
  }

  /** web.host counts after a restart, web.password at once: together they could leave an open port without a password. */
  #refuseToStandOpen({ web }: Config): void {
    if (web.password !== undefined || isLoopback(this.#host)) return;
    const until = `the page listens on ${this.#host} until the program starts again: keep the password until then`;
    throw this.#problem("web.password", `web.password: ${until}`);
  }

  #problem(setting: string, message: string): ConfigError {
    return new ConfigError([{ setting, message, where: this.#sources.file }]);
  }

  async #publish(prepared: PreparedChange, warning: string | undefined): Promise<ChangeReport> {
    const { changed, needsRestart } = prepared;
    this.#config = prepared.config;
    let pending: readonly string[] = [];
    if (changed.length > 0) {
      // What lies in another folder is seen at the next look.
      if (changed.includes("wake.models_folder")) this.#seenModels = [];
      this.#fitModels();
      pending = await this.#options.settled(publishConfig(this.#options.record, prepared.config, this.#found));
    }
    const applied = changed.filter((setting) => !needsRestart.includes(setting));
    const { file } = this.#sources;
    return { applied, needsRestart, pending, written: warning === undefined, file, warning };
  }

  /** @returns why it could not be written */
  async #write(text: string): Promise<string | undefined> {
    const { file } = this.#sources;
    // What cannot be kept is still used while the program runs, so the next change builds on it.
    this.#sources = { ...this.#sources, text };
    if (this.fileError !== undefined) {
      return `it holds until the file is changed or the program ends: ${file} is left alone until it is mended: ${this.fileError.message}`;
    }
    if (text === (this.#seen.text ?? "")) return undefined;
    try {
      await this.#options.file.write(text);
      this.#seen = { text };
      return undefined;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return `it holds until the program ends: ${file} could not be written: ${reason}`;
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(work);
    this.#queue = turn.catch(() => {});
    return turn;
  }
}

function unlessItIsTheFile(error: unknown): void {
  if (!(error instanceof ConfigError)) throw error;
}
