import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const source = fileURLToPath(new URL("../..", import.meta.url));

/** An empty project of a user, with the tarball installed that would be published. */
export async function userProject(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "crikit-package-"));
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", path], { cwd: source });
  const [{ filename }] = JSON.parse(stdout);
  await writeFile(join(path, "package.json"), JSON.stringify({ name: "user", private: true }));
  const quiet = ["--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund"];
  await run("npm", ["install", ...quiet, join(path, filename)], { cwd: path });
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
