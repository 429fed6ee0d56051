import { expect, test } from "bun:test";
import { join } from "node:path";

const command = [process.execPath, join(import.meta.dir, "../support/echo-stdin.ts")];
const bytes = Uint8Array.from({ length: 12_345 }, (_, i) => i * 7);

test("a pipe without data does not block, and what it carries comes through whole", async () => {
  const child = Bun.spawn(command, { stdin: "pipe", stdout: "pipe", stderr: "pipe" });
  const waiting = await child.stderr.getReader().read();
  expect(new TextDecoder().decode(waiting.value)).toBe("waiting\n");
  child.stdin.write(bytes.subarray(0, 777));
  await child.stdin.flush();
  child.stdin.write(bytes.subarray(777));
  await child.stdin.end();
  expect(Buffer.from(await new Response(child.stdout).bytes()).equals(bytes)).toBe(true);
});

test("a file is read to its end", async () => {
  const child = Bun.spawn(command, { stdin: new Blob([bytes]), stdout: "pipe", stderr: "ignore" });
  expect(Buffer.from(await new Response(child.stdout).bytes()).equals(bytes)).toBe(true);
});

test("an empty or closed standard input ends at once", async () => {
  const empty = Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  expect(await new Response(empty.stderr).text()).toBe("");
  const closed = Bun.spawn(["sh", "-c", `exec "$0" "$1" <&-`, ...command], { stdout: "pipe", stderr: "pipe" });
  expect(await closed.exited).toBe(0);
});
