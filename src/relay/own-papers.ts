/** What a relay shows to its hub, and believes of it: the token and the authority, as the configuration or a file says. */
import type { Config } from "../config/schema.ts";

export interface OwnPapersOptions {
  readonly settings: Config["relay"];
  readonly readText: (path: string) => Promise<string>;
}

/** Files are read again before each new connection: a new token counts without a restart. */
export class OwnPapers {
  readonly #options: OwnPapersOptions;
  #token: string | undefined;
  #authority: string | undefined;
  #trouble: string | undefined;

  constructor(options: OwnPapersOptions) {
    this.#options = options;
    this.#token = options.settings.token;
  }

  get token(): string | undefined {
    return this.#token;
  }

  /** PEM. */
  get authority(): string | undefined {
    return this.#authority;
  }

  /** Why a file of them cannot be read, for people. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  async refresh(): Promise<void> {
    const { settings, readText } = this.#options;
    const { token, token_file, ca_file } = settings;
    try {
      if (token === undefined && token_file !== undefined) {
        const text = (await readText(token_file)).trim();
        this.#token = text === "" ? undefined : text;
      }
      if (ca_file !== undefined) this.#authority = await readText(ca_file);
      this.#trouble = undefined;
    } catch (error) {
      this.#trouble = error instanceof Error ? error.message : String(error);
    }
  }
}
