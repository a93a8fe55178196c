import { execFile } from "node:child_process";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { userProject } from "../test/support/user-project.js";
import { compare, markdownTable, type ResultRow, writeResults } from "./support/results.js";
import { measureParts, type TimedContender } from "./support/rounds.js";

const run = promisify(execFile);
const rounds = 30;
const peer = "@grpc/grpc-js";
const goal = 0.5;
const sizeGoalMb = 6;
const program = fileURLToPath(new URL("package/load.mjs", import.meta.url));

const text = `The package that would be published, installed by npm in an empty project. \`import "crikit"\` in a process of its own, beside the import of @grpc/grpc-js and @grpc/proto-loader with the loading of CRI's proto: the time, and by how much resident memory grows. ${rounds} rounds, in which both take turns. The size is that of all files in node_modules, crikit's with the bundled runtime, and its dependencies with the optional one; its peer is the goal of ${sizeGoalMb} MB.

What made it smaller: no source maps, which were half of the package; the files under dist are not minified and keep all names. What is left: crikit's own files, most of them twice, as ES modules and CommonJS, and the daemon's program in one file with all that it imports, which starts in half the time; @bufbuild/protobuf, @connectrpc/connect and yaml. Maps without the sources' text would be a megabyte, and lead to files that are not in the package. Minified files were not tried: a stack trace of the daemon would say nothing.`;

/** What a program pays for having crikit. */
export async function packageCosts(): Promise<void> {
  await using project = await userProject();
  const rows = [...(await compareLoading(project.path)), await compareSize(project.path)];
  console.log(markdownTable(rows));
  await writeResults("package", { title: "The package", text, rows });
}

async function compareLoading(project: string): Promise<ResultRow[]> {
  const contenders: TimedContender[] = [
    { name: "crikit", run: () => load([project]) },
    { name: peer, run: () => load([]) },
  ];
  const times = await measureParts(contenders, { rounds });
  const [own = {}, other = {}] = [times.get("crikit"), times.get(peer)];
  return [
    compare({ what: "import, time", peer, unit: "ms", goal }, own.time ?? [], other.time ?? []),
    compare(
      { what: "import, resident memory", peer, unit: "kB", goal },
      own.memory ?? [],
      other.memory ?? [],
    ),
  ];
}

async function load(args: readonly string[]): Promise<Record<string, number>> {
  return JSON.parse((await run(process.execPath, [program, ...args])).stdout);
}

async function compareSize(project: string): Promise<ResultRow> {
  const megabytes = (await sizeOf(join(project, "node_modules"))) / 1e6;
  const what = { what: "installed, with dependencies", peer: "the goal", unit: "MB", goal: 1 };
  return compare(what, [megabytes], [sizeGoalMb]);
}

/** In bytes, of all files. */
async function sizeOf(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async (file) => (await lstat(join(file.parentPath, file.name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
