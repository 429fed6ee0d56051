// What a child process says, collected while it runs.

/** @returns everything that it wrote so far to stdout and stderr */
export function printedBy(child: Bun.Subprocess<Bun.SpawnOptions.Writable, "pipe", "pipe">): () => string {
  let printed = "";
  const collect = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) printed += decoder.decode(chunk, { stream: true });
  };
  void collect(child.stdout);
  void collect(child.stderr);
  return () => printed;
}
