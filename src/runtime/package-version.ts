import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The version in crikit's own package.json, which lies above this file in the sources and in `dist` alike. */
export function packageVersion(): string {
  for (let directory = new URL(".", import.meta.url); ; directory = new URL("..", directory)) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL("package.json", directory), "utf8"));
      if (name === "crikit") return version;
    } catch {
      // Not in this directory.
    }
    if (fileURLToPath(directory) === "/") return "unknown";
  }
}
