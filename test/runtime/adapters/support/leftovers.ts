import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, expect } from "vitest";

import { listMounts } from "../../../../src/runtime/adapters/mounts.js";

/**
 * Makes the file's tests fail when one leaves something behind. `mark` is a text that only names made by these
 * tests bear, as other tests run at the same time.
 */
export function expectNoLeftovers(mark: string): void {
  beforeAll(async () => expect(await findLeftovers(mark)).toEqual([]));
  afterAll(async () => expect(await findLeftovers(mark)).toEqual([]));
}

/** Mounts, control groups and processes that bear a text in their names. */
export async function findLeftovers(mark: string): Promise<string[]> {
  const found = (await listMounts()).map(({ target }) => `mount ${target}`);
  for (const tree of (await listMounts()).filter(({ type }) => /^cgroup2?$/.test(type))) {
    for (const group of await readdir(tree.target)) found.push(`cgroup ${join(tree.target, group)}`);
  }
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    if (Number(pid) === process.pid) continue;
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    found.push(`process ${pid} ${command.replaceAll("\0", " ")}`);
  }
  return found.filter((name) => name.includes(mark));
}
