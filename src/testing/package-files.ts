import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CriError } from "../errors.js";

/** The built runtime of this very package, whether this module runs from `dist/` or from `src/`. */
export function runtimeMain(): string {
  const main = join(packageDirectory(), "dist/runtime/main.js");
  if (existsSync(main)) return main;
  throw new CriError("failed_precondition", `${main} is missing: run \`npm run build\` first`);
}

function packageDirectory(): string {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let directory = start; directory !== dirname(directory); directory = dirname(directory)) {
    if (isOurs(join(directory, "package.json"))) return directory;
  }
  throw new CriError(
    "failed_precondition",
    `No package.json of crikit above ${start}: keep the package whole`,
  );
}

function isOurs(path: string): boolean {
  if (!existsSync(path)) return false;
  const manifest: { name?: unknown } = JSON.parse(readFileSync(path, "utf8"));
  return manifest.name === "crikit";
}
