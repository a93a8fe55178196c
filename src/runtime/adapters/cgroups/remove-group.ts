import { rmdir } from "node:fs/promises";

import { sleep } from "../../../async/abort.js";
import { childGroups } from "./child-groups.js";

/** The kernel keeps a group busy for a moment after its last process has gone. */
const busyMs = 2000;
const pollMs = 10;

export async function removeGroup(directory: string): Promise<void> {
  for (const child of childGroups(directory)) await removeGroup(child);
  const deadline = performance.now() + busyMs;
  for (;;) {
    try {
      return await rmdir(directory);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "ENOENT") return;
      if (code !== "EBUSY" || performance.now() > deadline) throw error;
    }
    await sleep(pollMs);
  }
}
