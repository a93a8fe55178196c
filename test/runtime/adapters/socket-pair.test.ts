import { closeSync, openSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, it } from "vitest";

import { runCommand } from "../../../src/runtime/adapters/run-command.js";
import { socketPair } from "../../../src/runtime/adapters/socket-pair.js";
import { until } from "../../support/until.js";

const onread = { buffer: Buffer.alloc(16), callback: () => true };

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-pair-"));
});

afterEach(() => rm(directory, { recursive: true }));

it("a connection within the daemon is given up where there is no descriptor left to take it", async () => {
  const before = await descriptors();
  const limit = (soft: string) => runCommand("prlimit", [`--pid=${process.pid}`, `--nofile=${soft}:`]);
  const { stdout } = await runCommand("prlimit", [
    ...["--pid", `${process.pid}`, "--nofile", "--output=SOFT", "--noheadings"],
  ]);
  await limit("200");
  const taken: number[] = [];
  try {
    while (taken.length < 200) taken.push(openSync("/dev/null", "r"));
  } catch {}
  try {
    // For the directory, the one who listens and the one who connects.
    for (const fd of taken.splice(-3)) closeSync(fd);
    await expect(socketPair(directory, onread)).rejects.toMatchObject({
      code: "internal",
      message: "A connection within the daemon could not be made",
    });
  } finally {
    for (const fd of taken) closeSync(fd);
    await limit(stdout.trim());
  }
  await until("no descriptor is left behind", async () => (await descriptors()) <= before);
  const { ours, theirs } = await socketPair(directory, onread);
  for (const end of [ours, theirs]) end.destroy();
});

async function descriptors(): Promise<number> {
  return (await readdir("/proc/self/fd")).length;
}
