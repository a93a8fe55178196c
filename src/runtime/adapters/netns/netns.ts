import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

import { isMountPoint } from "../mounts.js";
import { runCommand } from "../run-command.js";

/** Network namespaces pinned to files, so that they outlive the processes in them. */
export interface Netns {
  /** Makes a namespace with its loopback interface up. The file must not exist yet. */
  create(path: string): Promise<void>;
  /** Lets go of the namespace and removes the file. Absent: done. */
  remove(path: string): Promise<void>;
  /** Whether the file holds a namespace. After a reboot it does not. */
  isThere(path: string): Promise<boolean>;
}

export function createNetns(): Netns {
  return { create, remove, isThere: isMountPoint };
}

/** Both are a matter of milliseconds. */
const timeoutMs = 10_000;

async function create(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  // `wx`: unshare mounts over whatever the path names, so it must be a file that was made here.
  await writeFile(path, "", { flag: "wx", mode: 0o600 });
  try {
    await runCommand("unshare", [`--net=${path}`, "ip", "link", "set", "lo", "up"], { timeoutMs });
  } catch (error) {
    await remove(path);
    throw error;
  }
}

async function remove(path: string): Promise<void> {
  // Lazily: a plugin that still has the namespace open must not keep it pinned.
  while (await isMountPoint(path)) await runCommand("umount", ["--lazy", path], { timeoutMs });
  await rm(path, { force: true });
}
