/**
 * A program that is given something and gives something back: no shell, a limit on what it prints, and when it is to end it
 * ends with all that it has started.
 */
import type { ErrorWords } from "./failure.ts";
import { SinkError } from "./sink.ts";

export interface RunOptions {
  readonly program: string;
  readonly args: readonly string[];
  /** Besides the environment of this program, which it gets without Earshot's own settings. */
  readonly environment: Readonly<Record<string, string>>;
  /**
   * What it reads on standard input. Bun makes a file in memory of it, so that a program may open it as /dev/stdin, or seek
   * in it: as a pipe Bun would give it a socket, which nobody can open.
   */
  readonly input: Uint8Array<ArrayBuffer>;
  /** Of standard output; more is an error. */
  readonly mostBytes: number;
  readonly words: ErrorWords;
}

/**
 * @param signal kills it, and its children
 * @returns what it printed
 * @throws SinkError when it cannot be started, fails, or prints too much; the signal's reason when that is aborted
 */
export async function runProgram(options: RunOptions, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const { program, words } = options;
  signal.throwIfAborted();
  const child = started(options);
  // It leads a group of its own, in which its children are too.
  let gone = false;
  const kill = () => {
    if (!gone) killGroup(child.pid);
  };
  // What it leaves behind could keep its output open. Later its number may be another process's.
  const exited = child.exited.then((code) => {
    kill();
    gone = true;
    return code;
  });
  signal.addEventListener("abort", kill);
  try {
    const output = await bytesOf(child.stdout, options.mostBytes);
    if (output === undefined) kill();
    const code = await exited;
    signal.throwIfAborted();
    if (output === undefined) throw new SinkError("bad_answer", `${words.server} printed too much`, words.hint);
    if (code === 0) return output;
    const how = child.signalCode === null ? `ended with ${code}` : `was ended by ${child.signalCode}`;
    throw new SinkError("refused", `${words.server} ${how}`, words.hint);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof SinkError) throw error;
    throw new SinkError("refused", `${program} failed: ${String(error)}`, words.hint, { cause: error });
  } finally {
    signal.removeEventListener("abort", kill);
    kill();
  }
}

function started({ program, args, environment, input, words }: RunOptions) {
  try {
    return Bun.spawn([program, ...args], {
      stdin: input,
      stdout: "pipe",
      // Recognisers print there what they understand, and voices what they are to say: nothing for a log.
      stderr: "ignore",
      detached: true,
      env: { ...withoutOwnSettings(process.env), ...environment },
    });
  } catch (cause) {
    const { why, hint = words.hint } = whyNotStarted(program, cause);
    throw new SinkError("refused", `${words.server} cannot be started: ${why}`, hint, { cause });
  }
}

/** @returns undefined where it is more */
async function bytesOf(stream: ReadableStream<Uint8Array>, most: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of stream) {
    length += part.length;
    if (length > most) return undefined;
    parts.push(part);
  }
  return new Uint8Array(Buffer.concat(parts));
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // All of them are gone.
  }
}

/** Passwords and keys can be among them. */
function withoutOwnSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith("EARSHOT_")));
}

/** In words, where it is one of what people get wrong. */
export function whyNotStarted(program: string, cause: unknown): { readonly why: string; readonly hint?: string } {
  const code = cause instanceof Error && "code" in cause ? cause.code : "";
  if (code === "EACCES") {
    return {
      why: "it may not be executed",
      hint: `chmod +x ${program}, as whom Earshot runs as; a folder is no program`,
    };
  }
  if (code !== "ENOENT") return { why: cause instanceof Error ? cause.message : String(cause) };
  if (/\s/.test(program)) {
    return {
      why: "nothing is called so",
      hint: "there is no shell: only the program in program, and each argument by itself in args",
    };
  }
  return program.includes("/")
    ? { why: "it is not there, or not what its first line names" }
    : { why: "it is nowhere in PATH", hint: `install it, or write its whole path` };
}
