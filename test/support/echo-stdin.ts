// A program that copies standard input to standard output through ffi/stdin.ts, and says "waiting" on standard error the
// first time there is nothing to read.
import { writeSync } from "node:fs";
import { openStdin } from "../../ffi/stdin.ts";

const POLL_MS = 1;

const stdin = openStdin();
const buffer = new Uint8Array(1000);
let waited = false;
for (;;) {
  const bytes = stdin.readAvailable(buffer);
  if (bytes < 0) break;
  if (bytes > 0) {
    writeSync(1, buffer, 0, bytes);
    continue;
  }
  if (!waited) console.error("waiting");
  waited = true;
  await Bun.sleep(POLL_MS);
}
