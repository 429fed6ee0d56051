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
    const troubles: string[] = [];
    const read = (setting: string, path: string, remedy: string) =>
      readText(path).catch((error: unknown) => {
        troubles.push(`${setting}: ${reasonOf(error, path)}; ${remedy}`);
        return undefined;
      });
    if (token === undefined && token_file !== undefined) {
      const remedy = "earshot token add NAME on the hub makes a token for it";
      const text = (await read("relay.token_file", token_file, remedy))?.trim();
      if (text === "") troubles.push(`relay.token_file: ${token_file} is empty; ${remedy}`);
      if (text !== undefined) this.#token = text === "" ? undefined : text;
    }
    if (ca_file !== undefined) {
      const remedy = "it is the earshot-ca.crt that earshot tls init made on the hub";
      const text = await read("relay.ca_file", ca_file, remedy);
      if (text !== undefined && !text.includes(PEM))
        troubles.push(`relay.ca_file: ${ca_file} is no certificate; ${remedy}`);
      this.#authority = text ?? this.#authority;
    }
    this.#trouble = troubles.length === 0 ? undefined : troubles.join("; ");
  }
}

const PEM = "-----BEGIN CERTIFICATE-----";

function reasonOf(error: unknown, path: string): string {
  if ((error as { code?: unknown }).code === "ENOENT") return `there is no file ${path}`;
  return error instanceof Error ? error.message : String(error);
}
