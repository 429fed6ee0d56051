import { spyOn } from "bun:test";
import { getLogger, reset } from "@logtape/logtape";
import { saltFor } from "../../../src/log/pseudonyms.ts";
import { setUpLogging } from "../../../src/log/set-up.ts";
import { configOf } from "../sources.ts";

/** The lines of one event and one failure, as this configuration has them logged. */
export async function logged(yaml: string): Promise<readonly string[]> {
  const lines: string[] = [];
  const terminal = spyOn(process.stderr, "write").mockImplementation(((text: string) => lines.push(text) > 0) as never);
  try {
    const config = configOf(yaml);
    await setUpLogging(config.log, "main", saltFor(config.privacy, 42));
    const log = getLogger(["earshot", "main"]);
    log.info("an event", { count: 1, relay: "kitchen" });
    log.error("a failure", { count: 2 });
  } finally {
    terminal.mockRestore();
    await reset();
  }
  return lines;
}
