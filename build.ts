// `npm run build`: the whole program as one file, dist/earshot, that needs neither Bun nor node_modules.
// `npm run build -- --target=bun-linux-arm64` builds for a Raspberry Pi elsewhere, as dist/earshot-linux-arm64.

import { statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

const targets = ["bun-linux-x64", "bun-linux-arm64"] as const;
/** A decoder that audio-decode would load if somebody had installed it. */
const notInstalled = ["@audio/decode-ape"];
type Target = (typeof targets)[number];

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { target: { type: "string" }, outfile: { type: "string" } },
  });
  const target = targets.find((known) => known === values.target);
  if (values.target !== undefined && target === undefined) {
    console.error(`cannot build for "${values.target}": the targets are ${targets.join(", ")}`);
    return 1;
  }
  const root = import.meta.dir;
  const outfile = values.outfile ?? join(root, "dist", target ? target.replace("bun", "earshot") : "earshot");
  const built = await build(root, outfile, target);
  if (!built) return 1;
  console.log(`${outfile}: ${(statSync(outfile).size / 1e6).toFixed(0)} MB`);
  return 0;
}

/** Every worker must be an entry point of its own: the compiled program finds only those by their URL. */
async function build(root: string, outfile: string, target: Target | undefined): Promise<boolean> {
  const workers = [...new Bun.Glob("workers/*.ts").scanSync({ cwd: root })].sort();
  const { success, logs } = await Bun.build({
    root,
    entrypoints: ["src/main.ts", ...workers].map((path) => join(root, path)),
    minify: true,
    external: notInstalled,
    compile: {
      outfile,
      ...(target && { target }),
      // The program runs in folders of other projects: what lies there must not change what it does.
      autoloadDotenv: false,
      autoloadBunfig: false,
      autoloadTsconfig: false,
      autoloadPackageJson: false,
    },
    throw: false,
  });
  for (const log of logs) console.error(String(log));
  return success;
}
