import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { runCommand } from "../../../../src/runtime/adapters/run-command.js";

/** The archive of what a shell script makes in an empty directory, with owners and attributes. */
export async function tarOf(script: string): Promise<Buffer> {
  const directory = await mkdtemp(join(tmpdir(), "crikit-tree-"));
  try {
    const tree = join(directory, "tree");
    const tar = join(directory, "tar");
    await runCommand("mkdir", ["--mode=755", tree]);
    await runCommand("sh", ["-c", script], { cwd: tree });
    await runCommand("tar", ["--xattrs", "--numeric-owner", "-cf", tar, "-C", tree, "."]);
    return await readFile(tar);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
