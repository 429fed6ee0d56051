// A child of the tests: what it writes is shown at once, and kept.

/** How a child ended. */
export interface Ended {
  /** 128 and more: killed. */
  readonly exitCode: number;
  /** What it wrote: stdout, then stderr. */
  readonly output: string;
}

interface Limits {
  /** After this the child is killed. */
  readonly limitMs: number;
  /** For what its own children still say when it has ended: one that stays would keep the pipe open. @default 2000 */
  readonly lastWordsMs?: number;
}

/**
 * Runs this very Bun with arguments. Its stdout and stderr both go to stdout, so that the sum of all parts is the last
 * line of whatever reads both.
 */
export async function runShown(
  args: readonly string[],
  cwd: string,
  { limitMs, lastWordsMs = 2000 }: Limits,
): Promise<Ended> {
  const colours = process.stdout.isTTY ? { FORCE_COLOR: "1" } : {};
  const child = Bun.spawn([process.execPath, ...args], {
    cwd,
    env: { ...process.env, ...colours },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const limit = setTimeout(() => {
    console.log(`stopped: not done after ${limitMs / 1000} s`);
    child.kill("SIGKILL");
  }, limitMs);
  const stop = (): void => {
    child.kill();
    process.exit(143);
  };
  process.once("SIGTERM", stop);
  const streams = [shown(child.stdout), shown(child.stderr)];
  const exitCode = await child.exited;
  clearTimeout(limit);
  process.off("SIGTERM", stop);
  const cutOff = setTimeout(() => {
    for (const stream of streams) stream.cancel();
  }, lastWordsMs);
  const texts = await Promise.all(streams.map((stream) => stream.text));
  clearTimeout(cutOff);
  return { exitCode, output: texts.join("\n") };
}

interface Shown {
  readonly text: Promise<string>;
  readonly cancel: () => void;
}

function shown(stream: ReadableStream<Uint8Array>): Shown {
  const reader = stream.getReader();
  const read = async (): Promise<string> => {
    const decoder = new TextDecoder();
    let text = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return text;
      process.stdout.write(value);
      text += decoder.decode(value, { stream: true });
    }
  };
  return { text: read(), cancel: () => void reader.cancel() };
}
