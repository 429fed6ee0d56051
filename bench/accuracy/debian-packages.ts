/** Speech and music out of Debian packages: downloaded and unpacked into the cache, installed nowhere. */
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";

/** A package that could not be had. The message says what to do. */
export class PackageError extends Error {
  override readonly name = "PackageError";
}

async function run(command: readonly string[], cwd: string): Promise<void> {
  const child = Bun.spawn([...command], { cwd, stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const said = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`${command.join(" ")}: ${said.trim().split("\n").at(-1) ?? ""}`);
}

/**
 * @returns the folder with the package's files
 * @throws PackageError
 */
export async function unpackedPackage(name: string, cacheFolder: string): Promise<string> {
  const [downloads, target] = [join(cacheFolder, "debs"), join(cacheFolder, "packages", name)];
  try {
    await Promise.all([downloads, join(cacheFolder, "packages")].map((folder) => mkdir(folder, { recursive: true })));
    if ((await readdir(join(cacheFolder, "packages"))).includes(name)) return target;
    const downloaded = async () => (await readdir(downloads)).find((file) => file.startsWith(`${name}_`));
    if (!(await downloaded())) await run(["apt-get", "download", name], downloads);
    const archive = await downloaded();
    if (!archive) throw new Error("apt-get said it was downloaded, and it is not there");
    // Renamed when it is complete, so that what is there is whole.
    await rm(`${target}.part`, { recursive: true, force: true });
    // An archive that was cut short is not to be met again.
    await run(["dpkg-deb", "-x", join(downloads, archive), `${target}.part`], downloads).finally(() =>
      rm(join(downloads, archive)),
    );
    await rename(`${target}.part`, target);
    return target;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new PackageError(
      `the Debian package ${name} cannot be had: ${why} (this needs Debian and its package lists: apt-get update)`,
      { cause },
    );
  }
}
