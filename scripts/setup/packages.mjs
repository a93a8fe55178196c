// node_modules and dist: brought up to date when they are not.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { SetupError } from "./apt.mjs";

export const projectDirectory = fileURLToPath(new URL("../..", import.meta.url));

const stampPath = join(projectDirectory, ".cache/built");
const buildInputs = [
  "src",
  "gen",
  "package.json",
  "package-lock.json",
  "scripts/declarations.ts",
  "scripts/direct-imports.ts",
  "scripts/join-chunks.ts",
  "scripts/notices.ts",
  "tsup.config.ts",
  "tsconfig.json",
];

/** Runs `npm ci` unless node_modules holds what the lock says. */
export function ensurePackages() {
  if (packagesAreCurrent()) return;
  console.log("Installing the npm packages of package-lock.json: npm ci");
  run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
}

/** Runs the build unless `dist/` was made from the sources as they are. */
export function ensureBuild() {
  const inputs = fingerprint(buildInputs);
  const isBuilt = existsSync(join(projectDirectory, "dist/index.js")) && readText(stampPath) === inputs;
  if (isBuilt) return;
  console.log("Building dist/: npm run build");
  run("npm", ["run", "--silent", "build"]);
  mkdirSync(dirname(stampPath), { recursive: true });
  writeFileSync(stampPath, inputs);
}

// Times of files say little after a checkout, so the two lock files are compared by what they hold.
function packagesAreCurrent() {
  const installed = readText(join(projectDirectory, "node_modules/.package-lock.json"));
  if (installed === undefined) return false;
  const have = JSON.parse(installed).packages;
  const want = JSON.parse(readFileSync(join(projectDirectory, "package-lock.json"), "utf8")).packages;
  return Object.entries(want).every(([path, entry]) => {
    if (path === "") return true;
    if (have[path] === undefined) return entry.optional === true;
    return have[path].version === entry.version && existsSync(join(projectDirectory, path));
  });
}

function fingerprint(paths) {
  const hash = createHash("sha256");
  const visit = (path) => {
    const stats = statSync(join(projectDirectory, path), { throwIfNoEntry: false });
    if (stats === undefined) return;
    if (stats.isDirectory()) {
      for (const name of readdirSync(join(projectDirectory, path)).sort()) visit(join(path, name));
      return;
    }
    hash.update(`${path} ${stats.size} ${stats.mtimeMs}\n`);
  };
  for (const path of paths) visit(path);
  return hash.digest("hex");
}

function run(program, args) {
  const result = spawnSync(program, args, { cwd: projectDirectory, encoding: "utf8", maxBuffer: 1 << 26 });
  if (result.status === 0) return;
  const output = `${result.stdout ?? ""}${result.stderr ?? ""}${result.error?.message ?? ""}`.trimEnd();
  throw new SetupError(`${program} ${args.join(" ")} failed:\n${output}`);
}

function readText(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
