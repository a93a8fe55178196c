// npm run bench -- [NAME ...]: runs the benchmarks of these names, or all. --size 64MiB or --pods 20 makes a quick try.
import { exec } from "./exec.js";
import { forward } from "./forward.js";
import { lists } from "./lists.js";
import { logs } from "./logs.js";
import { packageCosts } from "./package.js";
import { runtime } from "./runtime.js";
import { runtimeMemory } from "./runtime-memory.js";
import { installedProject, removeInstalledProject } from "./support/installed.js";
import { readOptions } from "./support/options.js";
import { unary } from "./unary.js";
import { watch } from "./watch.js";

const benchmarks = {
  ...{ unary, lists, watch, package: packageCosts },
  ...{ runtime, "runtime-memory": runtimeMemory, exec, logs, forward },
};

async function main(args: string[]): Promise<void> {
  const { names, options } = readOptions(args);
  const known = Object.keys(benchmarks);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`No benchmark ${unknown}: there is ${known.join(", ")}`);
  try {
    await installedProject();
    // npm was the last to need them. Node reads them at each start, and takes twice as long for it.
    delete process.env.NODE_EXTRA_CA_CERTS;
    for (const [name, run] of Object.entries(benchmarks)) {
      if (names.length === 0 || names.includes(name)) await run(options);
    }
  } finally {
    await removeInstalledProject();
  }
}

await main(process.argv.slice(2));
