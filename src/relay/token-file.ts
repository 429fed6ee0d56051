/**
 * The tokens that let relays in: a file with a name and a hash for each, readable by its owner alone. What it takes to find
 * a token again is nowhere.
 *
 * The hash is one SHA-256. A slow one (argon2, bcrypt) protects what people choose; a token has 256 bits of chance,
 * which nobody can try through however fast, and a slow one would let strangers keep the hub busy.
 */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { SPOKEN_NAME, SPOKEN_NAME_RULE } from "../config/schema.ts";

const FILE_NAME = "relay-tokens.json";
const TOKEN_BYTES = 32;
/** Beyond this it is no house, but something that makes tokens. */
const MOST_TOKENS = 1000;
/** A token that is longer is none. */
const MOST_CHARACTERS = 200;

const fileSchema = z.strictObject({
  version: z.literal(1),
  tokens: z
    .array(
      z.strictObject({
        name: z.string().regex(SPOKEN_NAME),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
        /** Unix time, ms. */
        createdAtMs: z.number(),
      }),
    )
    .max(MOST_TOKENS),
});

export interface KnownToken {
  /** Of the relay that it is for: the only id that it may have. */
  readonly name: string;
  readonly sha256: string;
  readonly createdAtMs: number;
}

/** The file cannot be used. The message says what to do. */
export class TokenFileError extends Error {
  override readonly name = "TokenFileError";
}

/** Where the tokens are for which a configuration's hub is asked: beside it. */
export function tokenFilePath(configFile: string): string {
  return join(dirname(configFile), FILE_NAME);
}

export class TokenFile {
  readonly path: string;
  #tokens: readonly KnownToken[] = [];
  #hashes: readonly Buffer[] = [];
  #seen = "";

  constructor(path: string) {
    this.path = path;
  }

  get tokens(): readonly KnownToken[] {
    return this.#tokens;
  }

  /**
   * Reads the file if it is another than before. One that is not there has no tokens.
   *
   * @returns whether it was another
   * @throws TokenFileError; what was read before holds then
   */
  async refresh(): Promise<boolean> {
    const seen = await stat(this.path).then(
      ({ ino, size, mtimeMs, mode }) => `${ino} ${size} ${mtimeMs} ${mode}`,
      (error: unknown) => {
        if (codeOf(error) === "ENOENT") return "none";
        throw new TokenFileError(`${this.path} cannot be read: ${messageOf(error)}`);
      },
    );
    if (seen === this.#seen) return false;
    this.#take(seen === "none" ? [] : await this.#read());
    this.#seen = seen;
    return true;
  }

  /** @returns the token that was presented, if it is one; takes the same time for all that are none */
  check(presented: string): KnownToken | undefined {
    if (presented.length > MOST_CHARACTERS) return undefined;
    const hash = hashOf(presented);
    let found: KnownToken | undefined;
    for (const [index, known] of this.#hashes.entries()) {
      if (timingSafeEqual(hash, known)) found = this.#tokens[index];
    }
    return found;
  }

  /**
   * Makes a token. A second of the same name would let two devices in under one name: the old one must be revoked first.
   *
   * @returns the token: it is shown once, and kept by nobody but the relay
   * @throws TokenFileError
   */
  async add(name: string, unixMs: number): Promise<string> {
    if (!SPOKEN_NAME.test(name)) {
      throw new TokenFileError(`"${name}" is no name for a relay: ${SPOKEN_NAME_RULE}`);
    }
    await this.refresh();
    if (this.#tokens.some((token) => token.name === name)) {
      throw new TokenFileError(`"${name}" has a token: revoke it first, or choose another name`);
    }
    if (this.#tokens.length >= MOST_TOKENS) throw new TokenFileError(`${MOST_TOKENS} tokens: revoke some first`);
    const token = randomBytes(TOKEN_BYTES).toString("base64url");
    await this.#write([...this.#tokens, { name, sha256: hashOf(token).toString("hex"), createdAtMs: unixMs }]);
    return token;
  }

  /** @throws TokenFileError when there is none of that name */
  async revoke(name: string): Promise<void> {
    await this.refresh();
    const left = this.#tokens.filter((token) => token.name !== name);
    if (left.length === this.#tokens.length) {
      const names = this.#tokens.map((token) => token.name).join(", ");
      throw new TokenFileError(`"${name}" has no token${names === "" ? ": nobody has one" : `; these have: ${names}`}`);
    }
    await this.#write(left);
  }

  async #read(): Promise<readonly KnownToken[]> {
    try {
      const { mode } = await stat(this.path);
      if ((mode & 0o077) !== 0) throw new TokenFileError(`${this.path} can be read by others: chmod 600 ${this.path}`);
      return fileSchema.parse(JSON.parse(await readFile(this.path, "utf8"))).tokens;
    } catch (error) {
      if (error instanceof TokenFileError) throw error;
      const why = error instanceof z.ZodError ? `${error.issues[0]?.path.join(".") || "it"} is none` : messageOf(error);
      const remedy = "put it back, or remove it and make the tokens anew: earshot token add NAME";
      throw new TokenFileError(`${this.path} is not a file of tokens (${why}): ${remedy}`);
    }
  }

  /** A reader sees the old file or the new one, and nobody but the owner sees either. */
  async #write(tokens: readonly KnownToken[]): Promise<void> {
    const temporary = `${this.path}.${process.pid}.new`;
    try {
      const file = await open(temporary, "wx", 0o600);
      try {
        await file.writeFile(`${JSON.stringify({ version: 1, tokens }, undefined, 2)}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, this.path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw new TokenFileError(`${this.path} cannot be written: ${messageOf(error)}`);
    }
    this.#take(tokens);
    this.#seen = "";
  }

  #take(tokens: readonly KnownToken[]): void {
    this.#tokens = tokens;
    this.#hashes = tokens.map(({ sha256 }) => Buffer.from(sha256, "hex"));
  }
}

function hashOf(token: string): Buffer {
  return Buffer.from(new Bun.CryptoHasher("sha256").update(token).digest());
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown }).code;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
