import { expect, spyOn, test } from "bun:test";
import { CommanderError } from "commander";
import { program } from "../../src/cli/program.ts";

test("a command line that is wrong is told so by whoever was called, nested commands too: none ends the program itself", async () => {
  const quiet = spyOn(process.stderr, "write").mockImplementation(() => true);
  try {
    for (const line of ["state --nope", "demo house -n none", "token add", "tls init --nope", "relays forget"]) {
      const error: unknown = await program()
        .parseAsync(line.split(" "), { from: "user" })
        .then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
      expect(error, line).toBeInstanceOf(CommanderError);
    }
  } finally {
    quiet.mockRestore();
  }
});
