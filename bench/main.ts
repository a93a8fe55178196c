// npm run bench -- [NAME ...]: runs the benchmarks of these names, or all.

import { lists } from "./lists.js";
import { runtime } from "./runtime.js";
import { unary } from "./unary.js";

const benchmarks = { unary, lists, runtime };

async function main(names: string[]): Promise<void> {
  const known = Object.keys(benchmarks);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`No benchmark ${unknown}: there is ${known.join(", ")}`);
  for (const [name, run] of Object.entries(benchmarks)) {
    if (names.length === 0 || names.includes(name)) await run();
  }
}

await main(process.argv.slice(2));
