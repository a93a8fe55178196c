import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

import { isNamespace } from "../is-namespace.js";
import { programPath } from "../program-path.js";
import { runCommand } from "../run-command.js";
import { unmountLazily } from "../unmount-lazily.js";
import { makeOwnedNetns, type NewUserns } from "./owned-netns.js";

export type { NewUserns } from "./owned-netns.js";

/** Network namespaces pinned to files, so that they outlive the processes in them. */
export interface Netns {
  /**
   * Makes a namespace with its loopback interface up; with `owner` it belongs to a user namespace that is made
   * as well. The files must not exist yet.
   */
  create(path: string, owner?: NewUserns): Promise<void>;
  /** Lets go of a namespace of either kind and removes its file. Absent: done. */
  remove(path: string): Promise<void>;
  /** Whether the file holds a namespace. After a reboot it does not. */
  isThere(path: string): boolean;
}

export function createNetns(): Netns {
  return { create, remove, isThere: isNamespace };
}

/** Both are a matter of milliseconds. */
const timeoutMs = 10_000;

async function create(path: string, owner?: NewUserns): Promise<void> {
  const files = owner ? [path, owner.path] : [path];
  for (const file of files) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // `wx`: something is mounted over whatever the path names, so it must be a file that was made here.
    writeFileSync(file, "", { flag: "wx", mode: 0o600 });
  }
  try {
    if (owner) await makeOwnedNetns(path, owner);
    else {
      const command = [programPath("ip"), "link", "set", "lo", "up"];
      await runCommand("unshare", [`--net=${path}`, ...command], { timeoutMs, dropStdout: true });
    }
  } catch (error) {
    for (const file of files) await remove(file);
    throw error;
  }
}

async function remove(path: string): Promise<void> {
  // Lazily: a plugin that still has the namespace open must not keep it pinned.
  while (isNamespace(path)) await unmountLazily(path);
  rmSync(path, { force: true });
}
