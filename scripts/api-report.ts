// `api/` has what each entry of the package exports. Without arguments this fails where that differs, or where
// something is exported that no comment documents; `npm run api` writes it.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectDirectory, readApi } from "./api/entries.js";
import { forgotten } from "./api/forgotten.js";
import { reportOf } from "./api/report.js";
import { undocumented } from "./api/undocumented.js";

const directory = join(projectDirectory, "api");
const write = process.argv.includes("--write");
const api = readApi();

const reports = new Map(
  api.entries.map((entry) => [`${entry.name.replace("/", "-")}.api.md`, reportOf(api, entry)]),
);
if (write) {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  for (const [file, text] of reports) writeFileSync(join(directory, file), text);
} else {
  const files = new Set([...reports.keys(), ...readdirSync(directory)]);
  for (const file of files) {
    if (reports.get(file) === readReport(file)) continue;
    fail(`api/${file} is not what is exported now: npm run api, and look at what has changed`);
  }
}
for (const line of [...undocumented(api), ...forgotten(api)]) fail(line);

function readReport(file: string): string | undefined {
  try {
    return readFileSync(join(directory, file), "utf8");
  } catch {
    return undefined;
  }
}

function fail(message: string): void {
  console.error(message);
  process.exitCode = 1;
}
