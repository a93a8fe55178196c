// What the packed package is tried on, out of packages of npm.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { directoryOf, engines } from "../setup/engines.mjs";
import { cacheDirectory, run } from "./cache.mjs";

export function fetchEngines() {
  for (const engine of engines.filter(({ path }) => !existsSync(path))) {
    console.log(`Unpacking ${engine.package} into .cache/test-programs (an engine that the package runs on)`);
    mkdirSync(cacheDirectory, { recursive: true });
    const workDirectory = mkdtempSync(join(cacheDirectory, "unpack-"));
    try {
      run("npm", ["pack", "--silent", engine.package], workDirectory);
      const archive = readdirSync(workDirectory).find((file) => file.endsWith(".tgz")) ?? "";
      run("tar", ["-xzf", archive, `package/${engine.binary}`], workDirectory);
      chmodSync(join(workDirectory, "package", engine.binary), 0o755);
      const directory = directoryOf(engine);
      mkdirSync(dirname(directory), { recursive: true });
      rmSync(directory, { recursive: true, force: true });
      renameSync(join(workDirectory, "package"), directory);
    } finally {
      rmSync(workDirectory, { recursive: true, force: true });
    }
  }
}
