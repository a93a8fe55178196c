import { execFile } from "node:child_process";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { installedProject } from "./support/installed.js";
import { compare, markdownTable, type ResultRow, writeResults } from "./support/results.js";
import { measureParts, type TimedContender } from "./support/rounds.js";

const run = promisify(execFile);
const rounds = 30;
const peer = "@grpc/grpc-js";
const goal = 0.5;
const sizeGoalMb = 6;
const program = fileURLToPath(new URL("package/load.mjs", import.meta.url));

const text = `The package that would be published, installed by npm in an empty project. \`import "crikit"\` in a process of its own, beside the import of @grpc/grpc-js and @grpc/proto-loader with the loading of CRI's proto: the time, and by how much resident memory grows. ${rounds} rounds, in which both take turns. The size is that of all files in node_modules, crikit's with the bundled runtime; its peer is the goal of ${sizeGoalMb} MB.

What made the import faster: what crikit uses of protobuf-es and connect-es is in a few files of its own ([decision 38](../decisions/0038-what-is-bundled.md)), where Node had some hundred to find, read and link: 87 ms and 22 MB rather than 153 and 27 in one interleaved run, without anything else changed. yaml waits for a crictl.yaml to read; a collator that only rotated logs of one time need took 7 ms to make. The contract's descriptors are made one by one when they are first used ([decision 37](../decisions/0037-lazy-descriptors.md)), and HTTP/2 is spoken by a client of crikit's own, without node:http2. What only sessions, copies of files, credential helpers and compressed logs need of Node (tls, crypto, zlib, child processes) is loaded with the first of them, 2 MB less; and nothing of protobuf-es that describes protobuf's own types, another 2.5 MB, because the build leads imports past the index of a package to the file that has what is imported. The client is in four files: in twenty, of which none had anything that its entries do not use, the import took 8 ms more, and V8 found Node's own loader worth machine code, for which it takes 4 MB. What is left: Node's own modules for sockets, streams and files, 2 MB, and crikit's code.

What made it smaller: no source maps, which were half of the package; bundling, for a quarter of what is installed of those packages is used; the daemon's program shares its files with the other entries; crikit/runtime only as ES modules; CommonJS written by rollup, which leaves optional chaining and the names of imports as they are; types without a line on each field that says where it stands in the contract. What is left: crikit's own files, most of them twice, as ES modules and CommonJS, and @bufbuild/protobuf whole, whose types are those of the messages.

What did not help: minified files load as fast. Declarations shared by both kinds of modules would be 0.4 MB less, and TypeScript refuses transports then. Maps without the sources' text would be a megabyte, and lead to files that are not in the package.`;

/** What a program pays for having crikit. */
export async function packageCosts(): Promise<void> {
  const project = await installedProject();
  const rows = [...(await compareLoading(project)), await compareSize(project)];
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
